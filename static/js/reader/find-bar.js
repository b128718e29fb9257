/**
 * The find bar: which papers of the list hold some words, and not some others, as they are typed. What of a day or a
 * search is not on the page yet is fetched; of a list without end, when asked.
 *
 * It reads the source of titles and abstracts, never what a translator made of them. Ctrl-F opens it; pressed in the
 * bar it is the browser's own again.
 */

import { hideEmptyDays } from './day-headings.js';
import { asksNothing, fold, matches, wanted } from './find.js';
import { markWords, stopMarking, watchPaper } from './find-marks.js';
import { currentPaper, goTo } from './shortcuts.js';
import { goesOn, isShort, pause, rest } from './list.js';
import { authorsOf, paperSource } from './paper-text.js';
import { word } from '../page/announcements.js';
import { covered } from '../page/bar.js';

/** @typedef {{ paper: HTMLElement, text: string, found: boolean }} Entry */

const MOST = 5000; // papers that are fetched to be searched

/** @param {string} id @returns {any} */
const part = (id) => document.getElementById(id);

/** Only beside a list: elsewhere the key is the browser's. @type {HTMLFormElement | null} */
const bar = part('papers') && part('find-bar');
/** @type {HTMLInputElement} */
const words = part('find-words');
/** @type {Entry[]} */
let entries = [];
/** @type {HTMLElement | null} */
let before = null;
let isFetching = false;

/** @param {HTMLElement} paper @returns {Entry} */
function entryOf(paper) {
  const texts = [paperSource(paper, 'title'), authorsOf(paper), paperSource(paper, 'abstract')];
  watchPaper(paper);
  return { paper, text: fold(texts.join('\n')), found: true };
}

function apply() {
  const asked = wanted(words.value, part('find-join').value === 'any');
  const all = asksNothing(asked);
  const hides = part('find-way').value === 'filter' && !all;
  for (const entry of entries) {
    entry.found = all || matches(entry.text, asked);
    if (entry.paper.hidden !== (hides && !entry.found)) entry.paper.hidden = !entry.paper.hidden;
  }
  hideEmptyDays();
  pause(hides);
  markWords(asked.include);
  showCount(all);
}

/** @param {boolean} all */
function showCount(all) {
  const count = entries.filter(({ found }) => found).length;
  part('find-count').textContent = all ? '' : word('foundOf', { count, total: entries.length });
  part('find-all').hidden = !goesOn();
}

/** Changes what is hidden without moving the paper that is being read. @param {() => void} change */
function inPlace(change) {
  const upper = covered();
  const anchor = entries.find(
    ({ paper }) => !paper.hidden && paper.getBoundingClientRect().bottom > upper,
  )?.paper;
  const top = anchor?.getBoundingClientRect().top ?? 0;
  change();
  if (anchor) window.scrollBy({ top: anchor.getBoundingClientRect().top - top, behavior: 'instant' });
}

function open() {
  if (!bar) return;
  if (bar.hidden) {
    before = /** @type {HTMLElement | null} */ (document.activeElement);
    bar.hidden = false;
    entries = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('#papers > .paper'))].map(
      entryOf,
    );
    apply();
  }
  words.focus();
  words.select();
}

function close() {
  if (!bar || bar.hidden) return;
  inPlace(() => {
    for (const { paper } of entries) paper.hidden = false;
    hideEmptyDays();
  });
  bar.hidden = true;
  stopMarking();
  pause(false);
  entries = [];
  document.dispatchEvent(new Event('find:closed'));
  (currentPaper() ?? before)?.focus({ preventScroll: true });
}

/** @param {1 | -1} step */
function goToNext(step) {
  const found = entries.filter((entry) => entry.found).map(({ paper }) => paper);
  const current = currentPaper();
  const at = current ? found.indexOf(current) : -1;
  const target = found[at < 0 && step < 0 ? found.length - 1 : (at + step + found.length) % found.length];
  if (target) goTo(target, { focus: false });
}

/** Fetches what is not on the page yet, so that all of the list is searched; a second press on the button stops. */
async function fetchAll() {
  if (isFetching) return (isFetching = false);
  isFetching = true;
  await rest(() => isFetching && !bar?.hidden && entries.length < MOST);
  isFetching = false;
  return true;
}

function typed() {
  if (bar?.hidden) return; // Escape empties the field, too
  apply();
  if (!isFetching && isShort() && goesOn() && words.value.trim()) void fetchAll();
}

document.addEventListener('keydown', (event) => {
  if (!bar || event.defaultPrevented || event.isComposing) return;
  const isFind =
    event.key.toLowerCase() === 'f' && event.ctrlKey !== event.metaKey && !event.altKey && !event.shiftKey;
  if (isFind && document.activeElement !== words && !document.querySelector('dialog[open]')) {
    event.preventDefault();
    open();
  } else if (event.key === 'Escape' && !document.querySelector('dialog[open]')) close();
  else if (event.key === 'Enter' && event.target === words) {
    event.preventDefault();
    goToNext(event.shiftKey ? -1 : 1);
  }
});
document.addEventListener('list:grown', (event) => {
  if (!bar || bar.hidden) return;
  entries.push(.../** @type {CustomEvent<HTMLElement[]>} */ (event).detail.map(entryOf));
  apply();
});
bar?.addEventListener('input', typed);
bar?.addEventListener('submit', (event) => event.preventDefault());
part('find-open')?.addEventListener('click', open);
part('find-close')?.addEventListener('click', close);
part('find-all')?.addEventListener('click', fetchAll);
