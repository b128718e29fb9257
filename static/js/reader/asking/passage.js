/**
 * The passage that a quote was looked up in, opened beside its answer with the quoted words marked; beneath it where a
 * window is narrow. One is open at a time, and Escape leads back to the quote.
 */

import '../../../math-text/math-text.js';
import { word } from '../../page/announcements.js';
import { addressAtArxiv, passageParts } from './quotes.js';
import { placeName, quoteOf } from './quote-marks.js';

/** @typedef {import('./quotes.js').Quote} Quote */
/** @typedef {import('../../../math-text/math-text.js').MathText} MathText */

/** @type {{ panel: HTMLElement, button: HTMLElement } | null} */
let open = null;

/**
 * @param {HTMLElement} button the mark of a quote @param {HTMLElement} exchange what it stands in
 */
export function togglePassage(button, exchange) {
  const was = open?.button;
  closePassage();
  if (was === button) return;
  const answer = /** @type {MathText} */ (exchange.querySelector('.answer'));
  const quote = quoteOf(answer, button);
  if (!quote) return;
  const panel = passage(quote, exchange);
  open = { panel, button };
  button.setAttribute('aria-expanded', 'true');
  answer.after(panel);
  // Beside the line that the quote stands in; where there is no room beside it, style sheets have it beneath.
  const top = button.getBoundingClientRect().top - exchange.getBoundingClientRect().top;
  panel.style.setProperty('--beside', `${Math.round(top)}px`);
  panel.focus({ preventScroll: true });
}

/** Closes what is open; the focus goes back to the quote where it was in the passage. Whether there was any. */
export function closePassage() {
  if (!open) return false;
  const { panel, button } = open;
  const hadFocus = panel.contains(document.activeElement);
  open = null;
  panel.remove();
  button.setAttribute('aria-expanded', 'false');
  if (hadFocus) button.focus({ preventScroll: true });
  return true;
}

/** @param {Quote} quote @param {HTMLElement} exchange */
function passage(quote, exchange) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById('passage'));
  const panel = /** @type {HTMLElement} */ (
    /** @type {Element} */ (template.content.firstElementChild).cloneNode(true)
  );
  const { status, anchor } = quote;
  const cited = word(`passage${status[0].toUpperCase()}${status.slice(1)}`);
  fill(panel, 'outcome', cited);
  panel.dataset.status = status;
  panel.setAttribute('aria-label', [cited, anchor ? placeName(anchor) : ''].join(' '));
  const had = panel.querySelector('.had');
  if (status === 'repaired' || status === 'missing') had?.querySelector('q')?.append(text(quote.quote, 'q'));
  else had?.remove();
  const shown = panel.querySelector('blockquote');
  if (quote.passage)
    for (const part of passageParts(quote.passage, quote.words)) {
      const own = text(part.text, 'piece');
      if (/^\s/.test(part.text)) shown?.append(' ');
      if (part.marked) {
        const mark = document.createElement('mark');
        mark.append(own);
        shown?.append(mark);
      } else shown?.append(own);
      if (/\s$/.test(part.text)) shown?.append(' ');
    }
  else shown?.remove();
  fill(panel, 'where', anchor ? placeName(anchor) : '');
  const { paper = '', version = '', source = '', file } = exchange.dataset;
  const address = anchor && !file ? addressAtArxiv({ paper, version, source, anchor }) : null;
  const link = panel.querySelector('a');
  if (address && link) link.href = address;
  else link?.remove();
  panel.querySelector('.close')?.addEventListener('click', closePassage);
  return panel;
}

/** @param {string} source @param {string} name */
function text(source, name) {
  const element = /** @type {MathText} */ (document.createElement('math-text'));
  element.className = name;
  element.setAttribute('format', 'latex');
  element.lang = 'en';
  element.source = source.trim();
  return element;
}

/** @param {Element} panel @param {string} name @param {string} said */
function fill(panel, name, said) {
  const element = panel.querySelector(`.${name}`);
  if (element) element.textContent = said;
}

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.defaultPrevented || !open) return;
  if (document.querySelector('dialog[open], :popover-open')) return;
  event.preventDefault();
  closePassage();
});
