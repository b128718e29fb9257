/**
 * Carrying a list to another device: a link that holds the papers' ids, or pictures of that link (QR codes) for a
 * telephone's camera. The ids stand behind the `#` of the address, which browsers send to no server.
 */

import { BASE } from '../page/base.js';
import qrcode from '../../vendor/qrcode.mjs';
import { copyText } from '../page/clipboard.js';
import { say, word } from '../page/announcements.js';
import { linkHash } from './shelf-records.js';

const IN_ONE = 40; // ids in a picture that a telephone still reads from a screen
const MARGIN = 4; // modules of white around it, as the standard asks
const SVG = 'http://www.w3.org/2000/svg';

/** @param {string[]} ids */
const addressOf = (ids) => new URL(linkHash(ids), new URL('starred', BASE)).href;

/** Whether no other device can reach this address. */
const isOnlyHere = () => /^(localhost|127\.|\[::1\])/.test(location.hostname);

/** @param {string[]} ids */
export function copyLink(ids) {
  const address = addressOf(ids);
  copyText(address).then(
    () => say(word('linkCopied', { count: ids.length })),
    () => say(address),
  );
}

/** The QR code of a text, as one path in a picture that scales. @param {string} text */
function picture(text) {
  const code = qrcode(0, 'L');
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  let path = '';
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < size; column += 1)
      if (code.isDark(row, column)) path += `M${column + MARGIN} ${row + MARGIN}h1v1h-1z`;
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${size + 2 * MARGIN} ${size + 2 * MARGIN}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('shape-rendering', 'crispEdges'); // no seams, which cameras take for white
  const drawn = document.createElementNS(SVG, 'path');
  drawn.setAttribute('d', path);
  svg.append(drawn);
  return svg;
}

/** Shows the codes of these papers, one after another. @param {string[]} ids */
export function showCodes(ids) {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('send'));
  const place = document.getElementById('code');
  const next = document.getElementById('next-code');
  if (!dialog || !place || !next || ids.length === 0) return;
  const parts = Array.from({ length: Math.ceil(ids.length / IN_ONE) }, (_, part) =>
    ids.slice(part * IN_ONE, (part + 1) * IN_ONE),
  );
  let shown = 0;
  const show = () => {
    const svg = picture(addressOf(parts[shown]));
    const told = word('codeOf', { part: shown + 1, parts: parts.length, count: parts[shown].length });
    svg.setAttribute('aria-label', told);
    place.replaceChildren(svg);
    /** @type {HTMLElement} */ (document.getElementById('code-told')).textContent = told;
  };
  next.hidden = parts.length === 1;
  next.onclick = () => {
    shown = (shown + 1) % parts.length;
    show();
  };
  /** @type {HTMLElement} */ (document.getElementById('only-here')).hidden = !isOnlyHere();
  show();
  dialog.showModal();
}

document.getElementById('send-close')?.addEventListener('click', () => {
  /** @type {HTMLDialogElement} */ (document.getElementById('send')).close();
});
