/**
 * Endless lists: when the end comes near, the next page is fetched and its papers are put beneath, each once.
 *
 * The server's `<a rel="next">` is the only state: without this module it is a link like any other.
 */

import '../../math-text/math-text.js';
import { fetchPage } from './next-page.js';
import { announce, word } from '../page/announcements.js';

const NEAR = '1600px';
const UNASKED = 1000; // papers of a list that are fetched whole where something is to be said of all

/** @type {HTMLElement | null} */
const list = document.querySelector('#papers');

const observer = new IntersectionObserver(
  (entries) => {
    if (entries.some((entry) => entry.isIntersecting)) void more();
  },
  { rootMargin: NEAR },
);

/** @type {Promise<boolean> | null} */
let pending = null;
let paused = false;

/** @returns {HTMLAnchorElement | null} */
const nextLink = () => document.querySelector('.more a[rel="next"]');

/** Whether the list goes on beyond what is on the page. */
export const goesOn = () => nextLink() !== null;

/**
 * Fetches the next page and appends it; calls that come while one is under way share it.
 * @param {{ many?: boolean }} [how] many: as many papers at once as the server gives
 * @returns {Promise<boolean>} whether anything was appended
 */
export function more({ many = false } = {}) {
  pending ??= append(many).finally(() => {
    pending = null;
    watch();
  });
  return pending;
}

/** Whether the list is short enough to be fetched whole without being asked to. */
export const isShort = () => Number(list?.dataset.total ?? Infinity) <= UNASKED;

/**
 * Brings the rest of the list, page after page, as long as a caller wants it.
 * @param {() => boolean} isWanted
 */
export async function rest(isWanted) {
  while (isWanted() && goesOn()) if (!(await more({ many: true }))) return;
}

/** Stops fetching by itself, or starts again: what hides papers brings the end near. @param {boolean} stop */
export function pause(stop) {
  paused = stop;
  watch();
}

/** Lets the list go on at another address; null ends it. @param {string | null} address @param {string} text */
export function goOn(address, text) {
  const end = document.querySelector('.more');
  if (!end) return;
  if (address === null) end.textContent = text;
  else {
    const link = document.createElement('a');
    link.rel = 'next';
    link.href = address;
    link.textContent = text;
    end.replaceChildren(link);
  }
  watch();
}

/** @param {boolean} many */
async function append(many) {
  const link = nextLink();
  if (!list || !link) return false;
  observer.disconnect();
  const busy = document.getElementById('loading');
  busy?.setAttribute('data-busy', '');
  const hadFocus = link === document.activeElement;
  try {
    const page = await fetchPage(link.href, many);
    if (!link.isConnected) return false; // the list was told to go on elsewhere meanwhile
    const arrived = putBeneath(page.querySelector('#papers')?.children ?? []);
    document.querySelector('.more')?.replaceChildren(...adopted(page.querySelector('.more')?.childNodes));
    if (hadFocus) arrived[0]?.focus({ preventScroll: true });
    announce(word('moreArrived', { count: arrived.length }));
    list.dispatchEvent(new CustomEvent('list:grown', { bubbles: true, detail: arrived }));
    return true;
  } catch (error) {
    console.warn(`${link.href}: ${error}`);
    // The link stays where it was, with a word on what happened: a press on it asks again.
    link.textContent = word('moreFailed') || link.textContent;
    link.dataset.tried = '';
    announce(link.textContent ?? '');
    return false;
  } finally {
    busy?.removeAttribute('data-busy');
  }
}

/** @param {Iterable<Element>} elements papers and days' headings @returns {HTMLElement[]} the papers that are new */
function putBeneath(elements) {
  const arrived = [];
  for (const element of [...elements]) {
    if (element.id && document.getElementById(element.id)) continue;
    const own = document.adoptNode(element);
    list?.append(own);
    if (own.matches('article')) arrived.push(/** @type {HTMLElement} */ (own));
  }
  return arrived;
}

/** @param {Iterable<Node>} [nodes] */
const adopted = (nodes = []) => [...nodes].map((node) => document.adoptNode(node));

function watch() {
  observer.disconnect();
  const link = nextLink();
  if (link && !paused && !('tried' in link.dataset)) observer.observe(link);
}

/** Asks again for what could not be fetched. */
function tryAgain() {
  const link = nextLink();
  if (!link || !('tried' in link.dataset)) return;
  delete link.dataset.tried;
  watch();
}

document.addEventListener('click', (event) => {
  const link = nextLink();
  if (!link?.contains(/** @type {Node} */ (event.target)) || event.ctrlKey || event.metaKey || event.shiftKey)
    return;
  event.preventDefault();
  delete link.dataset.tried;
  void more();
});
window.addEventListener('online', tryAgain);
window.addEventListener('pageshow', tryAgain); // a page that was left while it fetched comes back from the cache
watch();
