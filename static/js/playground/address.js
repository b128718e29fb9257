/** Keeps the page's address, its link and the link to the other language at what the form says. */

const LONGEST = 2000; // characters of text that an address carries

/**
 * @param {HTMLFormElement} form
 * @param {{text: string, sample: boolean, chat: boolean, messages: {content: string}[]}} state
 */
export function keepAddress(form, { text, sample, chat, messages }) {
  const given = new FormData(form);
  const query = new URLSearchParams();
  const language = new URL(location.href).searchParams.get('lang');
  if (language) query.set('lang', language);
  const size = chat ? messages.reduce((sum, { content }) => sum + content.length, 0) : text.length;
  const short = size <= LONGEST;
  const said = chat ? ['role', 'content'] : ['text'];
  const how = chat ? ['mode', 'generation'] : sample ? ['sample', 'alpha', 'seed'] : [];
  for (const name of ['model', 'spaces', ...how, ...(short ? said : [])])
    for (const value of given.getAll(name)) query.append(name, String(value));
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
