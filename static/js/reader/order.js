/**
 * Orders that only the browser knows: starred papers first, those like them, or those with the reader's words. Chosen beside
 * the server's orders, never by itself; no paper is hidden, and each shows the words it was found by.
 */

import { keep, keptText } from '../page/local-settings.js';
import { isShort, rest } from './list.js';
import { likeness, showWhy, starredIds, tagsGiven } from './like-stars.js';
import { authorsOf, paperSource } from './paper-text.js';
import { liking } from './preference.js';
import { say, word } from '../page/announcements.js';
import { shelf } from '../shelf/shelf.js';

/** @typedef {'' | 'starred' | 'words' | 'like'} Order */

const list = document.getElementById('papers');
const select = /** @type {HTMLSelectElement | null} */ (document.getElementById('sort'));
const form = /** @type {HTMLFormElement | null} */ (document.getElementById('preference'));
const field = /** @type {HTMLInputElement | null} */ (document.getElementById('preferred'));

const likeForm = /** @type {HTMLFormElement | null} */ (document.getElementById('liking'));
const tagChoice = /** @type {HTMLSelectElement | null} */ (document.getElementById('like-tag'));

/** How the papers on the page compare with the reader's stars, as of the last comparison. @type {Map<string, import('./like-stars.js').Likeness>} */
let compared = new Map();

/** Where each paper and heading stood when it came. @type {Map<Element, number>} */
const places = new Map();

/** @returns {Order} */
const chosen = () =>
  select && 'here' in (select.selectedOptions[0]?.dataset ?? {}) ? /** @type {Order} */ (select.value) : '';

/** @returns {(paper: Element) => number} */
function scoring() {
  const order = chosen();
  if (order === 'starred') return (paper) => (shelf.of(paper.id).starred ? 1 : 0);
  if (order === 'like')
    return (paper) => {
      const found = compared.get(paper.id);
      showWhy(paper, found?.words ?? []);
      return found ? compared.size - found.place : 0;
    };
  const like = liking(order === 'words' ? (field?.value ?? '') : '');
  return (paper) => {
    const { score, found } = like(
      paperSource(paper, 'title'),
      `${authorsOf(paper)}\n${paperSource(paper, 'abstract')}`,
    );
    showWhy(paper, found);
    return score;
  };
}

/** Has the papers on the page compared with the stars, and shows them in that order. */
async function compare() {
  const stars = starredIds(tagChoice?.value ?? '');
  if (stars.length === 0) {
    compared = new Map();
    say(word('likeNone'));
  } else {
    const papers = [...(list?.querySelectorAll('article.paper') ?? [])].map(({ id }) => id);
    try {
      compared = await likeness(stars, papers);
    } catch (error) {
      console.warn(error);
      say(word('likeFailed'));
    }
  }
  if (chosen() === 'like') apply();
}

/** Offers the reader's tags, should there be any. */
function offerTags() {
  if (!tagChoice) return;
  const all = tagChoice.options[0];
  tagChoice.replaceChildren(all, ...tagsGiven().map((tag) => new Option(tag, tag)));
  const label = tagChoice.closest('label');
  if (label) label.hidden = tagChoice.options.length < 2;
}

function apply() {
  if (!list) return;
  for (const element of list.children) if (!places.has(element)) places.set(element, places.size);
  const score = scoring();
  const scores = new Map([...list.children].map((element) => [element, element.id ? score(element) : 0]));
  const by = (/** @type {Map<Element, number>} */ map, /** @type {Element} */ element) =>
    map.get(element) ?? 0;
  const wanted = [...list.children].sort(
    (one, other) => by(scores, other) - by(scores, one) || by(places, one) - by(places, other),
  );
  list.classList.toggle('reordered', chosen() !== '');
  if (wanted.some((element, index) => list.children[index] !== element)) list.append(...wanted);
}

/** Shows the papers in the order that was chosen; all of them, where the list is not endless. */
function reorder() {
  if (form) form.hidden = chosen() !== 'words';
  if (likeForm) likeForm.hidden = chosen() !== 'like';
  if (isShort()) void rest(() => chosen() !== '');
  apply();
  if (chosen() === 'like') {
    offerTags();
    void compare();
  }
}

if (list && select) {
  if (field) field.value = keptText('words');
  select.addEventListener('change', () => {
    const order = chosen();
    history.replaceState(history.state, '', order ? `#order=${order}` : location.href.split('#')[0]);
    reorder();
    if (order === 'words' && !field?.value) field?.focus();
  });
  form?.addEventListener('submit', (event) => event.preventDefault());
  field?.addEventListener('input', () => {
    try {
      keep('words', field.value || null);
    } catch (error) {
      console.warn(error);
      say(word('keepsNothing'));
    }
    apply();
  });
  likeForm?.addEventListener('submit', (event) => event.preventDefault());
  tagChoice?.addEventListener('change', () => void compare());
  document.addEventListener('list:grown', () => {
    if (chosen()) apply();
    if (chosen() === 'like') void compare();
  });
  const asked = new URLSearchParams(location.hash.slice(1)).get('order');
  const known = [...select.options].some((option) => option.value === asked && 'here' in option.dataset);
  if (asked && known) {
    select.value = asked;
    shelf.ready().then(reorder, reorder); // without a shelf no paper is starred
  }
}
