/**
 * The words of what the reader starred, larger where more papers hold them: a list of buttons, in the order of the
 * alphabet. Pressing one takes it among the reader's own words, which lists can be ordered by, or out of them.
 */

import { API } from '../page/base.js';
import { fold, wanted } from './find.js';
import { frequentWords } from './frequent-words.js';
import { keep, keptText } from '../page/local-settings.js';
import { withWord } from './preference.js';
import { say, word } from '../page/announcements.js';
import { shelf } from '../shelf/shelf.js';

const MOST_PAPERS = 1000; // the newest stars
const MOST_WORDS = 60;
const PAPERS = new URL('papers', API);

const cloud = /** @type {HTMLDetailsElement | null} */ (document.getElementById('cloud'));
const list = document.getElementById('cloud-words');
const field = /** @type {HTMLInputElement | null} */ (document.getElementById('preferred'));

/** @param {string[]} ids @returns {Promise<string[]>} */
async function textsOf(ids) {
  const response = await fetch(PAPERS, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ids }),
  });
  if (!response.ok) throw new Error(`${PAPERS}: ${response.status}`);
  const { items } = await response.json();
  return items.map((/** @type {any} */ { title, abstract }) => `${title}\n${abstract}`);
}

/** @param {string} words */
function keepWords(words) {
  try {
    keep('words', words || null);
  } catch (error) {
    console.warn(error);
    say(word('keepsNothing'));
  }
  if (field) field.value = words;
  showPressed();
}

/** Shows which words are among the reader's. */
function showPressed() {
  const { include } = wanted(keptText('words'), true);
  for (const button of list?.querySelectorAll('button') ?? [])
    button.setAttribute('aria-pressed', String(include.includes(fold(button.dataset.word ?? ''))));
}

async function show() {
  const ids = shelf
    .all()
    .filter(({ starred }) => starred)
    .slice(0, MOST_PAPERS)
    .map(({ id }) => id);
  const frequent = ids.length > 0 ? frequentWords(await textsOf(ids), MOST_WORDS) : [];
  const items = frequent
    .sort((one, other) => one.word.localeCompare(other.word))
    .map(({ word: found, texts, weight }) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = found;
      button.dataset.word = found;
      button.className = `weight-${weight}`;
      button.title = word('inPapers', { count: texts });
      const item = document.createElement('li');
      item.append(button);
      return item;
    });
  list?.replaceChildren(...(items.length > 0 ? items : [word('noWords')]));
  showPressed();
}

cloud?.addEventListener('toggle', () => {
  if (!cloud.open) return;
  show().catch((error) => {
    console.warn(error);
    list?.replaceChildren(word('notFetched'));
  });
});
list?.addEventListener('click', ({ target }) => {
  const button = target instanceof Element ? target.closest('button') : null;
  if (button?.dataset.word) keepWords(withWord(keptText('words'), button.dataset.word));
});
if (cloud && field) {
  field.value = keptText('words');
  field.addEventListener('input', () => keepWords(field.value));
}
