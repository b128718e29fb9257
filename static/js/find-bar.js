/**
 * The find bar: which papers of the list hold some words, and not some others, as they are typed.
 *
 * It reads the source of titles and abstracts, never what a translator made of them. Ctrl-F opens it; pressed in the
 * bar it is the browser's own again.
 */

import { asksNothing, fold, matches, wanted } from './find.js';
import { markWords, stopMarking, watchPaper } from './find-marks.js';
import { currentPaper, goTo } from './keys.js';
import { goesOn, more, pause } from './list.js';
import { word } from './say.js';

/** @typedef {import('./math-text.js').MathText} MathText */
/** @typedef {{ paper: HTMLElement, text: string, found: boolean }} Entry */

const MOST = 5000; // papers that one press on "all of this list" may bring

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
  const sources = [...paper.querySelectorAll('math-text.title, math-text.abstract')].map(
    (text) => /** @type {MathText} */ (text).source,
  );
  const authors = paper.querySelector('.authors')?.textContent ?? '';
  watchPaper(paper);
  return { paper, text: fold([...sources, authors].join('\n')), found: true };
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
  tellCount(all);
}

/** A day's heading stands only above papers. */
function hideEmptyDays() {
  /** @type {HTMLElement | null} */
  let heading = null;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('#papers > *'))) {
    if (element.matches('.day')) {
      heading = element;
      heading.hidden = true;
    } else if (heading && !element.hidden) {
      heading.hidden = false;
      heading = null;
    }
  }
}

/** @param {boolean} all */
function tellCount(all) {
  const count = entries.filter(({ found }) => found).length;
  part('find-count').textContent = all ? '' : word('foundOf', { count, total: entries.length });
  part('find-all').hidden = !goesOn();
}

/** Changes what is hidden without moving the paper that is being read. @param {() => void} change */
function inPlace(change) {
  const anchor = entries.find(
    ({ paper }) => !paper.hidden && paper.getBoundingClientRect().bottom > 64,
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

/** Brings the rest of the list; a second press stops. */
async function fetchAll() {
  if (isFetching) return (isFetching = false);
  isFetching = true;
  const most = entries.length + MOST;
  while (isFetching && goesOn() && entries.length < most && !bar?.hidden)
    if (!(await more({ many: true }))) break;
  isFetching = false;
  return true;
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
bar?.addEventListener('input', apply);
bar?.addEventListener('submit', (event) => event.preventDefault());
part('find-open')?.addEventListener('click', open);
part('find-close')?.addEventListener('click', close);
part('find-all')?.addEventListener('click', fetchAll);
