/** The button that copies a paper's citation as BibTeX, made by the server. */

import { say, word } from './say.js';

const CITE = new URL('../../api/v1/cite', import.meta.url);

/** @param {string} id @returns {Promise<string>} */
async function citation(id) {
  const address = new URL(CITE);
  address.search = new URLSearchParams({ ids: id, format: 'bibtex' }).toString();
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.text();
}

/** Copies a text; pages served without TLS have no clipboard but the old command. @param {string} text */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const box = document.createElement('textarea');
  box.className = 'visually-hidden';
  box.value = text;
  document.body.append(box);
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
    await copyText(await citation(paper.id));
    say(word('cited', { id: paper.id }));
  } catch (error) {
    console.warn(error);
    say(word('notCited', { id: paper.id }));
  }
});
