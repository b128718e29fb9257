/**
 * The one place that talks to MathJax: it loads it and typesets formulas that lie in `span.math`.
 * It finds no mathematics, does not decide when a formula is typeset, and keeps no list of what it has typeset.
 */

import { MATHJAX_ADDRESS, settings } from './mathjax-settings.js';

/** @typedef {{tags: any, unresolved: Set<HTMLElement>}} Numbering the equation numbers and labels of one text */
/** @typedef {{em: number, ex: number, containerWidth: number, scale: number, family: string}} Metrics */

/** Longer TeX stays as its source: MathJax's time grows faster than its input. */
export const LONGEST_TEX = 5000;

// Points in MathJax's order of actions.
const COMPILED = 20;
const TYPESET = 160; // assistive MathML is there, the menu is not
const RETRIES = 40; // each one waits for a part of the font or for an extension

/** @type {Promise<void> | null} */
let loading = null;
let loaded = false;
let texts = 0;
/** @type {Map<string, Metrics>} */
const knownMetrics = new Map();
/** @type {() => void} */
let settingsChanged = () => {};

/** MathJax's own object; there once `load` has resolved. @returns {any} */
const mathjax = () => /** @type {any} */ (window).MathJax;

/** MathJax's document: asked for anew each time, since the menu replaces it when it loads speech. @returns {any} */
export const mathDocument = () => mathjax().startup.document;

/** Whether formulas can be typeset without waiting for MathJax. */
export const isLoaded = () => loaded;

/**
 * What to do when the reader changes in MathJax's menu how formulas are shown: all have to be typeset again.
 * @param {() => void} action
 */
export function onSettingsChanged(action) {
  settingsChanged = action;
}

/** Loads MathJax, once; rejects when it cannot be had. @returns {Promise<void>} */
export function load() {
  loading ??= new Promise((resolve, reject) => {
    const ready = () => {
      const { startup } = mathjax();
      startup.extendHandler(tellsOfSettings, 100);
      startup.defaultReady();
      startup.hasTypeset = true; // otherwise the menu believes that its settings concern no formula
      startup.promise.then(resolve, reject);
    };
    /** @type {any} */ (window).MathJax = settings(ready);
    const script = document.createElement('script');
    script.src = MATHJAX_ADDRESS;
    script.addEventListener('error', () => reject(new Error(`MathJax is not to be had at ${script.src}`)));
    document.head.append(script);
  }).then(() => {
    mathDocument().menu.menu.findID('Settings', 'Renderer', 'SVG').disable(); // its files are not served
    loaded = true;
  });
  return loading;
}

/**
 * The menu asks MathJax's document to render its list again; the list is ours, so we are told instead.
 * @param {any} handler
 */
function tellsOfSettings(handler) {
  handler.documentClass = class extends handler.documentClass {
    rerender() {
      settingsChanged();
      return this;
    }
    async rerenderPromise() {
      return this.rerender();
    }
  };
  return handler;
}

/** @returns {Numbering} */
export const newNumbering = () => ({ tags: null, unresolved: new Set() });

/**
 * Typesets formulas of one text, in order. Yields between formulas, so that the caller may let the browser breathe,
 * and yields a promise where MathJax has to wait for a part of its font: the caller awaits it, or gives the run up,
 * and then the formulas keep their source.
 * @param {readonly HTMLElement[]} spans
 * @param {Numbering} numbering
 * @returns {Generator<Promise<unknown> | undefined, void>}
 */
export function* typeset(spans, numbering) {
  const short = spans.filter((span) => (span.dataset.tex ?? '').length <= LONGEST_TEX);
  const items = short.map((span) => newItem(span));
  for (const item of items) {
    yield* attempt(item, () => compile(item, numbering));
    if (!item.inputData.recompile) yield* attempt(item, () => item.convert(mathDocument(), TYPESET));
    yield;
  }
  for (const [index, item] of items.entries()) {
    if (!item.inputData.recompile || item.inputData.error) continue;
    yield* attempt(item, () => compileAgain(item, numbering));
    yield* attempt(item, () => item.convert(mathDocument(), TYPESET));
    numbering.unresolved.delete(short[index]);
    if (item.inputData.unresolved) numbering.unresolved.add(short[index]);
  }
  mathDocument().addStyleSheet();
  for (const [index, item] of items.entries()) put(short[index], item);
}

/**
 * Runs one of MathJax's steps, again after each wait that it asks for. A step that breaks spoils its formula alone.
 * @param {any} item
 * @param {() => void} step
 * @returns {Generator<Promise<unknown>, void>}
 */
function* attempt(item, step) {
  for (let retries = 0; !item.inputData.error; retries += 1) {
    try {
      step();
      return;
    } catch (error) {
      const wait = /** @type {{retry?: Promise<unknown>}} */ (error).retry;
      if (wait && retries < RETRIES) yield wait.catch(() => undefined);
      else item.inputData.error = error;
    }
  }
}

/** @param {HTMLElement} span */
function newItem(span) {
  const page = mathDocument();
  const item = new page.options.MathItem(prepare(span.dataset.tex ?? ''), page.inputJax[0], isDisplay(span));
  const { em, ex, containerWidth, scale, family } = metricsAt(span);
  item.setMetrics(em, ex, containerWidth, scale);
  item.outputData.mtextFamily = family;
  item.start.node = item.end.node = span;
  return item;
}

/** @param {HTMLElement} span */
const isDisplay = (span) => 'display' in span.dataset;

/** A bare % would make a comment of the rest of the formula, and in a paper's text it never means one. @param {string} tex */
const prepare = (tex) => tex.replace(/\\[^]|%/g, (found) => (found === '%' ? '\\%' : found));

/**
 * The size of the text around a formula; measured once for each face and size, since measuring costs a layout.
 * @param {HTMLElement} span
 * @returns {Metrics}
 */
function metricsAt(span) {
  const { fontFamily, fontSize } = getComputedStyle(span);
  const key = `${fontSize} ${fontFamily}`;
  let known = knownMetrics.get(key);
  if (!known) {
    known = /** @type {Metrics} */ (mathDocument().outputJax.getMetricsFor(span, false));
    knownMetrics.set(key, known);
  }
  return known;
}

/** @param {any} item @param {Numbering} numbering */
function compile(item, numbering) {
  const { parseOptions } = mathDocument().inputJax[0];
  numbering.tags ??= newTags(parseOptions);
  parseOptions.tags = numbering.tags;
  item.convert(mathDocument(), COMPILED);
  if (parseOptions.error) item.inputData.error = 'TeX';
}

/** References to what stands further down know their numbers now. @param {any} item @param {Numbering} numbering */
function compileAgain(item, numbering) {
  const before = item.inputData.recompile;
  item.state(before.state);
  item.inputData.recompile = before;
  compile(item, numbering);
  item.inputData.unresolved = numbering.tags.redo;
  numbering.tags.refUpdate = false;
}

/** Labels of two texts live apart: each text has its own tags, and its own ids on the page. @param {any} parseOptions */
function newTags(parseOptions) {
  const { TagsFactory } = mathjax()._.input.tex.Tags;
  const tags = TagsFactory.create('ams');
  const text = (texts += 1);
  tags.configuration = parseOptions;
  tags.formatId = (/** @type {string} */ id) => `mjx-equation-${text}-${id.replace(/[^-\w.]/g, '_')}`;
  tags.formatUrl = (/** @type {string} */ id) => `#${encodeURIComponent(id)}`;
  return tags;
}

/** @param {HTMLElement} span @param {any} item */
function put(span, item) {
  const failed = Boolean(item.inputData.error);
  span.classList.toggle('math-error', failed);
  if (failed || !item.typesetRoot) return;
  const container = /** @type {HTMLElement} */ (item.typesetRoot);
  container.tabIndex = mathDocument().menu.settings.inTabOrder ? 0 : -1;
  span.replaceChildren(container);
}
