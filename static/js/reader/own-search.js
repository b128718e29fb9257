/** A search among what the reader kept (`in:starred`, `tag:…`): asked of the server by ids, and sent nowhere else. */

import { API } from '../page/base.js';
import { listPapers } from './papers-by-id.js';
import { isAskedFor, parted, queriesOf } from './own-query.js';
import { say, word } from '../page/announcements.js';
import { messageOf } from '../page/problems.js';
import { shelf } from '../shelf/shelf.js';

const PAPERS = new URL('papers', API);
const IN_ONE = '200'; // papers of an answer

const query = document.getElementById('papers')?.dataset.own;

/** The ids of those of these papers that a query finds, the latest announced first. @param {string} rest @param {string[]} ids */
async function found(rest, ids) {
  /** @type {{ id: string, announced: string | null }[]} */
  const papers = [];
  for (const q of queriesOf(rest, ids)) {
    const address = new URL(PAPERS);
    address.search = new URLSearchParams({ q, limit: IN_ONE, sort: 'announced' }).toString();
    const response = await fetch(address);
    if (!response.ok) throw new Error(messageOf(await response.json()) || String(response.status));
    papers.push(...(await response.json()).items);
  }
  return papers
    .sort((one, other) => (other.announced ?? '').localeCompare(one.announced ?? ''))
    .map(({ id }) => id);
}

/** @param {string} asked */
async function search(asked) {
  const parts = parted(asked);
  if (!parts) return listPapers([], word('ownQueryTied'));
  await shelf.ready();
  const ids = shelf
    .all()
    .filter(isAskedFor(parts.own))
    .map(({ id }) => id);
  const listed = parts.rest && ids.length > 0 ? await found(parts.rest, ids) : ids;
  listPapers(listed, word('nothingFoundKept'));
  const count = document.getElementById('own-count');
  if (count) count.textContent = word('foundCount', { count: listed.length });
}

if (query)
  search(query).catch((error) => {
    console.warn(error);
    listPapers([], word('notFetched'));
    say(String(error.message));
  });
