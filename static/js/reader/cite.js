/** The button that copies a paper's citation, in the form that the reader chose. */

import { citations } from './citing.js';
import { say, word } from '../page/announcements.js';

/** Copies a text; pages served without TLS have no clipboard but the old command. @param {string} text */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const box = document.createElement('textarea');
  box.className = 'visually-hidden';
  box.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(box);
  box.select();
  const copied = document.execCommand('copy');
  box.remove();
  focused?.focus({ preventScroll: true });
  if (!copied) throw new Error('the browser did not copy');
}

document.addEventListener('click', async ({ target }) => {
  const button = target instanceof Element && target.closest('[data-action="cite"]');
  const paper = button && button.closest('article.paper');
  if (!paper) return;
  try {
    await copyText(await citations([paper.id]));
    say(word('cited', { id: paper.id }));
  } catch (error) {
    console.warn(error);
    say(word('notCited', { id: paper.id }));
  }
});
