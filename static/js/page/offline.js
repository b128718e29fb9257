/**
 * Reading without a connection: registers the service worker that keeps what was seen, and says on a page that comes
 * from there since when it is. The page /offline shows a paper that was seen on a list, or what else is kept.
 */

import { BASE } from './base.js';
import { say, word } from './announcements.js';

const NAME = 'quire-1'; // as in service-worker.js
const root = document.documentElement;

/** @param {string} moment ISO 8601 */
const shown = (moment) =>
  new Intl.DateTimeFormat(root.dataset.interface === 'zh' ? 'zh-CN' : 'en-GB', {
    dateStyle: 'long',
    timeStyle: 'short',
  }).format(new Date(moment));

/** The line above a page that was kept; what /offline shows was kept at other times. */
function showAge() {
  const since = root.dataset.offlineSince;
  const line = document.getElementById('offline');
  if (!since || !line || document.getElementById('kept-pages')) return;
  line.textContent = word('offlineSince', { time: shown(since) });
  line.hidden = false;
}

/** What the first page seen is made of, for a worker that came too late to see it load. */
function addresses() {
  const own = performance.getEntriesByType('resource').map(({ name }) => name);
  return [location.href, new URL('.', BASE).href, new URL('offline', BASE).href, ...own].filter(
    (address, index, all) =>
      address.startsWith(BASE.href) && !/\/api\//.test(address) && all.indexOf(address) === index,
  );
}

async function register() {
  const address = new URL('service-worker.js', BASE);
  await navigator.serviceWorker.register(address, { scope: BASE.pathname });
  const { active } = await navigator.serviceWorker.ready;
  if (!navigator.serviceWorker.controller) active?.postMessage({ keep: addresses() });
}

/** Every page that is kept. @returns {AsyncGenerator<{ url: URL, page: Document }>} */
async function* keptPages() {
  const cache = await caches.open(NAME);
  for (const request of [...(await cache.keys())].reverse()) {
    const url = new URL(request.url);
    const response = await cache.match(request);
    if (!response?.headers.get('content-type')?.startsWith('text/html') || url.pathname.endsWith('/offline'))
      continue;
    yield { url, page: new DOMParser().parseFromString(await response.text(), 'text/html') };
  }
}

/** Shows the paper that was asked for, if a list held it; else names the pages that are kept. @param {HTMLElement} place */
async function showKept(place) {
  const asked = decodeURIComponent(location.pathname.slice(BASE.pathname.length)).replace(/^arxiv\//, '');
  const id = asked.replace(/v\d+$/, '');
  const list = document.createElement('ul');
  const about = document.getElementById('offline-about');
  /** @type {Set<string>} */
  const named = new Set();
  for await (const { url, page } of keptPages()) {
    const paper = page.getElementById(id);
    if (paper?.matches('article.paper')) {
      if (about) about.textContent = word('offlinePaper');
      return place.replaceChildren(document.adoptNode(paper));
    }
    // One page may be kept in both languages, and in parts.
    const title = page.title.replace(/ · Quire$/, '');
    const name = `${url.pathname} ${title}`;
    if (named.has(name) || url.searchParams.has('cursor')) continue;
    named.add(name);
    const link = document.createElement('a');
    link.href = url.href;
    link.textContent = title;
    const item = document.createElement('li');
    item.append(link);
    list.append(item);
  }
  if (list.childElementCount > 0) return place.replaceChildren(list);
  if (about) about.textContent = word('nothingOffline');
  place.replaceChildren();
}

showAge();
window.addEventListener('offline', () => say(word('connectionLost')));
const place = document.getElementById('kept-pages');
if (place && 'caches' in window) void showKept(place);
if ('serviceWorker' in navigator)
  window.addEventListener('load', () => register().catch((error) => console.warn(error)));
