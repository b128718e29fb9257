/**
 * A list whose papers the browser names by their ids: they come as any list's do, from the server's pages, 25 at a
 * time, and those that are not in this library are named. The caller chooses the papers.
 */

import { BASE } from '../page/base.js';
import { goOn } from './list.js';
import { word } from '../page/announcements.js';

const TOGETHER = 25;

/** @type {string[]} */
let listed = [];
let asked = 0;
let nothing = '';

const papers = () => /** @type {HTMLElement} */ (document.getElementById('papers'));

/** The ids of the list, on the page or not. */
export const idsListed = () => listed;

/** Lists these papers from now on. @param {string[]} ids @param {string} none what is said where there are none */
export function listPapers(ids, none) {
  listed = ids;
  asked = 0;
  nothing = none;
  papers().replaceChildren();
  papers().dataset.total = String(ids.length);
  document.getElementById('missing')?.replaceChildren();
  follow();
}

/** Lets the list go on with the next papers, or says that it ended. */
function follow() {
  if (asked >= listed.length)
    return goOn(null, listed.length > 0 ? word('thatWasAll', { count: listed.length }) : nothing);
  // The comma at the end asks for a list also where there is one id.
  const ids = listed.slice(asked, asked + TOGETHER).join(',');
  goOn(new URL(`arxiv/${ids},?start=${asked + 1}`, BASE).href, word('more'));
}

/** Names the papers that were asked for and are not in this library. @param {string[]} ids */
function showMissing(ids) {
  const line = document.getElementById('missing');
  if (ids.length === 0 || !line) return;
  if (!line.hasChildNodes()) line.append(word('notHere'));
  for (const id of ids) {
    const link = document.createElement('a');
    link.href = `https://arxiv.org/abs/${id}`;
    link.rel = 'noopener noreferrer';
    link.textContent = id;
    line.append(' ', link);
  }
}

document.addEventListener('list:grown', () => {
  if (listed.length === 0) return;
  const batch = listed.slice(asked, asked + TOGETHER);
  asked += batch.length;
  showMissing(batch.filter((id) => !document.getElementById(id)));
  follow();
});
