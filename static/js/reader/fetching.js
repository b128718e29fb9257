/**
 * Papers fetched by the server at the press of a button: shown as it goes on, cancelled at another, and then read.
 *
 * A fetch that is under way already, begun elsewhere, is shown too where it is what this page offers.
 */

import { word } from '../page/announcements.js';
import { API, BASE } from '../page/base.js';
import { messageOf } from '../page/problems.js';

const PACE = 700; // milliseconds between two looks at how far it is
const MOST_SILENT = 10; // looks without an answer, after which the server is taken to be gone

/** @typedef {{ id: string, state: string, categories: string[], ids: string[], said: string, translations?: Record<string, string>, papers: number, new: number }} Fetch */

const form = /** @type {HTMLFormElement | null} */ (document.getElementById('fetch'));

/** @param {string} id @returns {HTMLElement} */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} id */
const value = (id) =>
  /** @type {HTMLInputElement | null} */ (document.getElementById(id))?.value.trim() ?? '';

/** What is asked for, as people write it. @param {Fetch} fetched */
const named = ({ categories, ids }) => (ids.length > 0 ? ids : categories).join(' ');

/** Its last sentence, or why it failed. @param {Fetch} fetched */
const sentenceOf = ({ said, translations }) => messageOf({ detail: said, translations });

/** @param {string} address @param {RequestInit} [how] @returns {Promise<Response>} */
const ask = (address, how = {}) =>
  fetch(new URL(address, API), {
    ...how,
    headers: {
      accept: 'application/json',
      ...(how.body ? { 'content-type': 'application/json' } : {}),
      ...(value('fetch-key') ? { authorization: `Bearer ${value('fetch-key')}` } : {}),
    },
  });

/** Shows a sentence, and what the server said. @param {string} sentence */
function show(sentence, detail = '') {
  part('fetch-progress').hidden = false;
  part('fetch-said').textContent = sentence;
  part('fetch-detail').textContent = detail;
}

/** @param {boolean} is */
function underWay(is) {
  part('fetch-progress').toggleAttribute('data-over', !is);
  part('fetch-cancel').hidden = !is;
  for (const control of form?.querySelectorAll('button, input') ?? [])
    /** @type {HTMLButtonElement} */ (control).disabled = is;
}

/** @param {{ categories?: string[], ids?: string[] }} wanted */
async function begin(wanted) {
  underWay(true);
  show(word('fetching', { what: (wanted.ids ?? wanted.categories ?? []).join(' ') }));
  try {
    const response = await ask('fetches', { method: 'POST', body: JSON.stringify(wanted) });
    const answer = await response.json();
    if (response.ok) return follow(answer);
    show(word('fetchFailed'), messageOf(answer));
  } catch (error) {
    console.warn(error);
    show(word('fetchLost'));
  }
  underWay(false);
}

/** Looks how far a fetch is until it is over. @param {Fetch} fetched */
async function follow(fetched) {
  underWay(true);
  part('fetch-cancel').onclick = () => void ask(`fetches/${fetched.id}`, { method: 'DELETE' });
  for (let silent = 0; fetched.state === 'running';) {
    const what = named(fetched);
    const name = fetched.papers > 0 ? 'fetchingCount' : 'fetching';
    show(word(name, { what, count: fetched.papers }), sentenceOf(fetched));
    await new Promise((resolve) => setTimeout(resolve, PACE));
    const next = await look(fetched);
    silent = next ? 0 : silent + 1;
    if (silent > MOST_SILENT) {
      show(word('fetchLost'));
      return underWay(false);
    }
    fetched = next ?? fetched;
  }
  underWay(false);
  end(fetched);
}

/** @param {Fetch} fetched @returns {Promise<Fetch | null>} */
async function look({ id }) {
  try {
    const response = await ask(`fetches/${id}`);
    return response.ok ? await response.json() : null;
  } catch {
    return null; // it may be there again at the next look
  }
}

/** @param {Fetch} fetched */
function end(fetched) {
  const what = named(fetched);
  if (fetched.state === 'failed') return show(word('fetchFailed'), sentenceOf(fetched));
  if (fetched.state === 'cancelled') return show(word('fetchCancelled'));
  if (fetched.papers === 0) return show(word('fetchedNone', { what }));
  // What came is what one wanted to read.
  if (fetched.ids.length > 0) location.reload();
  else location.assign(new URL(`arxiv/${fetched.categories.join('+')}`, BASE));
}

function wanted() {
  const ids = form?.dataset.ids?.split(' ').filter(Boolean) ?? [];
  if (ids.length > 0) return { ids };
  return {
    categories: value('fetch-categories')
      .split(/[\s,+]+/)
      .filter(Boolean),
  };
}

async function resume() {
  const { items } = await (await ask('fetches')).json();
  const own = form?.dataset.ids ?? '';
  const [last] = /** @type {Fetch[]} */ (items);
  if (last?.state === 'running' && (own === '' || own === last.ids.join(' '))) await follow(last);
}

if (form) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void begin(wanted());
  });
  for (const button of form.querySelectorAll('[data-fetch]'))
    button.addEventListener('click', () => {
      if (form.querySelector('#fetch-key:invalid')) form.reportValidity();
      else void begin({ categories: [/** @type {HTMLElement} */ (button).dataset.fetch ?? ''] });
    });
  resume().catch((error) => console.warn(error)); // then there is nothing to go on with
}
