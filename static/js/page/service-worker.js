/**
 * Keeps what the reader has seen, so that pages open without a connection. The network always comes first: what is
 * kept is shown only where nothing answers, and such a page says since when (offline.js).
 *
 * A classic script, as browsers still differ about modules here. It keeps answers to GET only, and nothing of stars,
 * notes or tags, which it never sees.
 */

const KEPT = 'quire-1';
const MOST = 600; // answers; the oldest go first
const scope = /** @type {any} */ (self).registration.scope;
const NOT_KEPT = /\/(?:healthz|readyz|metrics|version|docs|openapi\.json)$|\/feed\b/;

/** @param {Request} request */
const isKept = (request) =>
  request.method === 'GET' && request.url.startsWith(scope) && !NOT_KEPT.test(new URL(request.url).pathname);

/** One address for one answer: what stands behind # is the page's own. @param {string} url */
const keyOf = (url) => url.split('#')[0];

/** Keeps an answer, as the last one; the one kept for longest goes. @param {string} url @param {Response} response */
async function keep(url, response) {
  const cache = await caches.open(KEPT);
  await cache.delete(keyOf(url));
  await cache.put(keyOf(url), response);
  const keys = await cache.keys();
  for (const old of keys
    .filter(({ url: other }) => !/\/static\//.test(other))
    .slice(0, Math.max(0, keys.length - MOST)))
    await cache.delete(old);
}

/** A kept page with the moment that it is from. @param {Response} page */
async function withMoment(page) {
  const date = new Date(page.headers.get('date') ?? Date.now()).toISOString();
  const text = (await page.text()).replace('<html ', `<html data-offline-since="${date}" `);
  const headers = new Headers(page.headers);
  headers.delete('content-encoding');
  headers.delete('content-length');
  return new Response(text, { status: 200, headers });
}

/** What is kept for a request that nothing answered. @param {Request} request @param {unknown} error */
async function fromKept(request, error) {
  const cache = await caches.open(KEPT);
  const found = await cache.match(keyOf(request.url));
  const isPage = request.headers.get('accept')?.includes('text/html');
  if (found) return isPage ? withMoment(found) : found;
  const shell = isPage ? await cache.match(new URL('offline', scope).href) : undefined;
  if (shell && request.mode === 'navigate') return withMoment(shell);
  throw error;
}

/** @param {any} event */
async function answer(event) {
  const { request } = event;
  try {
    const response = await fetch(request);
    if (response.ok && response.type === 'basic' && !response.redirected)
      event.waitUntil(keep(request.url, response.clone()));
    return response;
  } catch (error) {
    return fromKept(request, error);
  }
}

self.addEventListener('fetch', (/** @type {any} */ event) => {
  if (isKept(event.request)) event.respondWith(answer(event));
});

self.addEventListener('activate', (/** @type {any} */ event) => {
  const forget = async () => {
    for (const name of await caches.keys())
      if (name.startsWith('quire-') && name !== KEPT) await caches.delete(name);
  };
  event.waitUntil(forget());
});

// The page that registered this was loaded before it: it names what it is made of.
self.addEventListener('message', (/** @type {any} */ event) => {
  const fetched = async (/** @type {string} */ url) => {
    const headers = { accept: /\/static\//.test(url) ? '*/*' : 'text/html' };
    const response = await fetch(url, { headers });
    if (response.ok && !response.redirected) await keep(url, response);
  };
  const addresses = /** @type {string[]} */ (event.data?.keep ?? []).filter((url) => url.startsWith(scope));
  event.waitUntil(Promise.allSettled(addresses.map(fetched)).then(() => event.ports[0]?.postMessage('kept')));
});
