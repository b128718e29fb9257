/** The button that copies a paper's citation, in the form that the reader chose. */

import { citations } from './citing.js';
import { say, word } from '../page/announcements.js';
import { copyText } from '../page/clipboard.js';

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
