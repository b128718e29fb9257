/**
 * Endless lists: when the end comes near, the next page is fetched and its papers are put beneath, each once.
 *
 * The server's `<a rel="next">` is the only state: without this module it is a link like any other.
 */

import './math-text.js';

const NEAR = '1600px';

/** @type {HTMLElement | null} */
const list = document.querySelector('#papers');

const observer = new IntersectionObserver(
  (entries) => {
    if (entries.some((entry) => entry.isIntersecting)) void more();
  },
  { rootMargin: NEAR },
);

/** @returns {HTMLAnchorElement | null} */
const nextLink = () => document.querySelector('.more a[rel="next"]');

/** @type {Promise<boolean> | null} */
let pending = null;

/**
 * Fetch and append the next page; calls that come while one is under way share it.
 *
 * @returns {Promise<boolean>} whether anything was appended
 */
export function more() {
  pending ??= append().finally(() => {
    pending = null;
    watch();
  });
  return pending;
}

async function append() {
  const link = nextLink();
  if (!list || !link) return false;
  observer.disconnect();
  const busy = document.getElementById('loading');
  busy?.setAttribute('data-busy', '');
  try {
    const response = await fetch(link.href, { headers: { accept: 'text/html' } });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const arrived = page.querySelector('#papers')?.children ?? [];
    list.append(...[...arrived].filter(isNew).map((element) => document.adoptNode(element)));
    document.querySelector('.more')?.replaceWith(page.querySelector('.more') ?? '');
    list.dispatchEvent(new CustomEvent('list:grown', { bubbles: true }));
    return true;
  } catch {
    // The link stays where it was, with a word on what happened: a press on it asks again.
    link.textContent = link.dataset.failed ?? link.textContent;
    link.dataset.tried = '';
    return false;
  } finally {
    busy?.removeAttribute('data-busy');
  }
}

/** @param {Element} element a paper or a day's heading */
function isNew(element) {
  if (element.id) return !document.getElementById(element.id);
  return true;
}

function watch() {
  const link = nextLink();
  if (link && !('tried' in link.dataset)) observer.observe(link);
}

document.addEventListener('click', (event) => {
  const link = nextLink();
  if (!link || !link.contains(/** @type {Node} */ (event.target)) || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  delete link.dataset.tried;
  void more();
});

watch();
