/**
 * Paper has no viewport: before a page is printed, all of its formulas are typeset. The browser does not wait for
 * `beforeprint`, so what the formulas need is loaded while the page is idle; a Print command of the page's own waits.
 */

import { isLoaded, mathDocument } from './mathjax.js';

// The parts of the font that formulas of papers ask for; the rest come one by one.
const FONT_PARTS = (
  'accents accents-b-i arrows calligraphic double-struck fraktur greek latin latin-b latin-bi latin-i marrows math ' +
  'monospace mshapes sans-serif sans-serif-b sans-serif-r script shapes symbols variants'
).split(' ');

/** @type {Promise<unknown> | null} */
let prepared = null;

/** Loads what typesetting at once will need, when the browser has nothing better to do. */
export function prepareForPrinting() {
  if (prepared || !isLoaded()) return;
  prepared = new Promise((resolve) => {
    const idle =
      window.requestIdleCallback ?? ((/** @type {() => void} */ action) => setTimeout(action, 1000));
    idle(() => resolve(loadFontParts()), { timeout: 5000 });
  });
}

async function loadFontParts() {
  const { font } = mathDocument().outputJax;
  const files = font.constructor.dynamicFiles;
  for (const part of FONT_PARTS) {
    if (files[part]) await font.loadDynamicFile(files[part]);
  }
}
