/**
 * The page of what the reader kept: the shelf's papers by tag, or those that a link names. The papers come from the
 * server; what was kept about them never leaves the browser.
 */

import '../reader/reading.js';
import { idsListed, listPapers } from '../reader/papers-by-id.js';
import { say, word } from '../page/announcements.js';
import { copyLink, showCodes } from './send.js';
import { shelf } from './shelf.js';
import { sayWhy, serveFiles } from './shelf-file.js';
import { emptyRecord, idsOfLink } from './shelf-records.js';
import '../reader/word-cloud.js';

/** @param {string} id @returns {HTMLElement} */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const kept = () => shelf.all().filter(({ starred, tags, note }) => starred || tags.length > 0 || note !== '');
const chosenTag = () => new URLSearchParams(location.hash.slice(1)).get('tag');

/** Lists what the address asks for: a link's papers, those of a tag, or all. */
function show() {
  const shared = idsOfLink(location.hash);
  const tag = chosenTag();
  part('shared').hidden = shared.length === 0;
  part('shared-count').textContent = word('sharedCount', { count: shared.length });
  const own = kept().filter(({ tags }) => !tag || tags.includes(tag));
  listPapers(shared.length > 0 ? shared : own.map(({ id }) => id), word('nothingKept'));
  showTags();
}

function showTags() {
  const records = kept();
  const counts = new Map();
  for (const { tags } of records) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const tag = chosenTag();
  const isShared = idsOfLink(location.hash).length > 0;
  const entries = [...counts].sort(([one], [other]) => one.localeCompare(other));
  part('tags').replaceChildren(
    tagLink('#', word('allKept', { count: records.length }), !tag && !isShared),
    ...entries.map(([name, count]) =>
      tagLink(`#${new URLSearchParams({ tag: name })}`, `${name} ${count}`, name === tag),
    ),
  );
}

/** @param {string} href @param {string} text @param {boolean} isCurrent */
function tagLink(href, text, isCurrent) {
  const link = document.createElement('a');
  link.href = href;
  link.textContent = text;
  if (isCurrent) link.setAttribute('aria-current', 'true');
  return link;
}

/** Does something with the papers that are listed, or says that there are none. @param {(ids: string[]) => void} action */
const withListed = (action) => () =>
  idsListed().length > 0 ? action(idsListed()) : say(word('nothingKept'));

serveFiles(show);
part('copy-link').addEventListener('click', withListed(copyLink));
part('to-phone').addEventListener('click', withListed(showCodes));
part('keep-shared').addEventListener('click', () => {
  const starred = new Date().toISOString();
  const records = idsOfLink(location.hash).map((id) => ({ ...emptyRecord(id), starred }));
  history.pushState(null, '', '#');
  shelf.merge(records).then(show).catch(sayWhy);
});
window.addEventListener('hashchange', show);

shelf.ready().then(
  () => {
    show();
    // What another tab changes is listed when one comes back; nothing moves under the reader's eyes.
    shelf.onChange(() => (document.hidden ? show() : showTags()));
  },
  (error) => {
    console.warn(error);
    show();
    if (idsListed().length === 0) listPapers([], word('keepsNothing'));
  },
);
