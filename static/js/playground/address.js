/** Keeps the page's address, its link and the link to the other language at what the form says. */

const LONGEST = 2000; // characters of text that an address carries

/**
 * @param {HTMLFormElement} form
 * @param {{text: string, sample: boolean}} state
 */
export function keepAddress(form, { text, sample }) {
  const given = new FormData(form);
  const query = new URLSearchParams();
  const language = new URL(location.href).searchParams.get('lang');
  if (language) query.set('lang', language);
  for (const name of ['model', 'spaces', ...(sample ? ['sample', 'alpha', 'seed'] : [])])
    for (const value of given.getAll(name)) query.append(name, String(value));
  const short = text.length <= LONGEST;
  if (short) query.set('text', text);
  const address = `${location.pathname}?${query}`;
  const link = /** @type {HTMLAnchorElement | null} */ (document.getElementById('link'));
  if (link) {
    link.href = address;
    link.textContent = (short ? form.dataset.link : form.dataset.linkShort) ?? '';
  }
  history.replaceState(null, '', address);
  const other = /** @type {HTMLAnchorElement | null} */ (document.getElementById('language'));
  if (!other) return;
  query.set('lang', other.dataset.language ?? 'en');
  other.href = `?${query}`;
}
