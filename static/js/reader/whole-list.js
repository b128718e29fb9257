/** The ids of all papers of the list on the page, loaded or not: asked of the API page by page, as the list is ordered. */

import { API } from '../page/base.js';
import { goesOn } from './list.js';
import { idsListed } from './papers-by-id.js';

/** The list could not be asked for to its end. */
export class ListFailed extends Error {}

const list = document.getElementById('papers');

const onPage = () => [...document.querySelectorAll('article.paper:not([hidden])')].map((paper) => paper.id);

/**
 * With words in the find bar, those papers that it left.
 * @param {(count: number, total: number) => void} [onProgress] @returns {Promise<string[]>}
 */
export async function idsOfList(onProgress = () => undefined) {
  const isFiltered = document.querySelector('#papers > .paper[hidden]') !== null;
  if (!isFiltered && idsListed().length > 0) return idsListed();
  if (isFiltered || !goesOn() || !list?.dataset.call) return onPage();
  const ids = [];
  const address = new URL(list.dataset.call, API);
  address.searchParams.set('limit', '200');
  for (let more = true; more;) {
    const response = await fetch(address, { headers: { accept: 'application/json' } }).catch(() => null);
    if (!response?.ok) throw new ListFailed(`${address}: ${response?.status}`);
    const page = await response.json();
    ids.push(...page.items.map((/** @type {{ id: string }} */ { id }) => id));
    onProgress(ids.length, page.total);
    more = page.next_cursor !== null;
    address.searchParams.set('cursor', page.next_cursor ?? '');
  }
  return [...new Set(ids)];
}
