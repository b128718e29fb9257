/**
 * Papers like those that the reader starred: the ids go to this library's server to be compared, the newest star first,
 * and are not kept there. What comes back is an order with its reasons; nothing is hidden by it.
 */

import { API } from '../page/base.js';
import { shelf } from '../shelf/shelf.js';

/** @typedef {{ place: number, words: string[], near: string | null }} Likeness a paper's place in the order, from 0, and why */

const MOST_TOGETHER = 1000; // papers that are compared in one request

/** The ids that were starred or tagged, the newest star first. @param {string} tag those with it, or all for '' */
export function starredIds(tag) {
  return shelf
    .all()
    .filter(({ starred, tags }) => (tag ? tags.includes(tag) : starred))
    .sort((one, other) => (other.starred ?? '').localeCompare(one.starred ?? ''))
    .map(({ id }) => id);
}

/** The tags that are given to any paper, in order. */
export const tagsGiven = () => [...new Set(shelf.all().flatMap(({ tags }) => tags))].sort();

/**
 * How papers compare with those that were starred: `among` these, or the most similar of all papers.
 * @param {string[]} ids the newest star first @param {string[]} [among]
 * @returns {Promise<Map<string, Likeness>>} in their order
 * @throws {Error} where the server could not be asked
 */
export async function likeness(ids, among) {
  const body = among ? { ids, among: among.slice(0, MOST_TOGETHER) } : { ids, limit: 100 };
  const response = await fetch(new URL('papers/like', API), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`papers/like: ${response.status}`);
  const { items } = await response.json();
  return new Map(
    items.map(
      (
        /** @type {{ id: string, why: { words: string[], near: string | null } }} */ item,
        /** @type {number} */ place,
      ) => [item.id, { place, ...item.why }],
    ),
  );
}

/** Writes beneath a paper what speaks for it; nothing where nothing does. @param {Element} paper @param {string[]} found */
export function showWhy(paper, found) {
  const shown = paper.querySelector('.why');
  if (found.length === 0) return shown?.remove();
  const why = shown ?? document.createElement('span');
  why.className = 'why';
  why.textContent = ` · ${found.join(', ')}`;
  if (!shown) paper.querySelector('.facts')?.append(why);
}
