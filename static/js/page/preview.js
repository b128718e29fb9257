/** The preview page: what is typed on the left is shown on the right. */

import '../../math-text/math-text.js';

const source = /** @type {HTMLTextAreaElement} */ (document.getElementById('source'));
const format = /** @type {HTMLSelectElement} */ (document.getElementById('format'));
const output = /** @type {import('../../math-text/math-text.js').MathText} */ (
  document.getElementById('output')
);

// A browser that restores a form after a reload fills these without an event.
function show() {
  output.setAttribute('format', format.value);
  output.source = source.value;
}

/** The frame in which what was typed will be shown: a text put in at once comes as an event for each of its lines. */
let frame = 0;

source.addEventListener('input', () => {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(show);
});
format.addEventListener('change', () => {
  const address = new URL(location.href);
  address.searchParams.set('format', format.value);
  history.replaceState(null, '', address);
  show();
});
show();
