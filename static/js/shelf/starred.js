/**
 * The page of what the reader kept: the shelf's papers by tag, or those that a link names. The papers come from the
 * server; what was kept about them never leaves the browser.
 */

import '../reader/reading.js';
import { likeness, showWhy, starredIds } from '../reader/like-stars.js';
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
const asksForLike = () => new URLSearchParams(location.hash.slice(1)).has('like');
const chosenTag = () => new URLSearchParams(location.hash.slice(1)).get('tag');

/** How the papers that are listed compare with the stars, where that was asked for. @type {Map<string, import('../reader/like-stars.js').Likeness>} */
let alike = new Map();

/** Lists the papers most like those of a tag, or of all. @param {string | null} tag */
async function showLike(tag) {
  const ids = starredIds(tag ?? '');
  alike = new Map();
  try {
    if (ids.length > 0) alike = await likeness(ids);
  } catch (error) {
    console.warn(error);
    say(word('likeFailed'));
  }
  if (asksForLike()) listPapers([...alike.keys()], word(ids.length > 0 ? 'likeNothing' : 'likeNone'));
}

/** Lists what the address asks for: a link's papers, those of a tag, all, or papers like them. */
function show() {
  part('more-like').setAttribute('aria-pressed', String(asksForLike()));
  if (asksForLike()) {
    part('shared').hidden = true;
    void showLike(chosenTag());
    return showTags();
  }
  alike = new Map();
  const shared = idsOfLink(location.hash);
  const tag = chosenTag();
  part('shared').hidden = shared.length === 0;
  part('shared-count').textContent = word('sharedCount', { count: shared.length });
  const own = kept().filter(({ tags }) => !tag || tags.includes(tag));
  listPapers(shared.length > 0 ? shared : own.map(({ id }) => id), word('nothingKept'));
  for (const offer of document.querySelectorAll('.with-papers')) {
    /** @type {HTMLElement} */ (offer).hidden = kept().length + shared.length === 0;
  }
  showTags();
}

function showTags() {
  const records = kept();
  const counts = new Map();
  for (const { tags } of records) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  const tag = chosenTag();
  const like = asksForLike() ? '&like' : '';
  const isShared = idsOfLink(location.hash).length > 0;
  const entries = [...counts].sort(([one], [other]) => one.localeCompare(other));
  part('tags').replaceChildren(
    tagLink(`#${like}`, word('allKept', { count: records.length }), !tag && !isShared),
    ...entries.map(([name, count]) =>
      tagLink(`#${new URLSearchParams({ tag: name })}${like}`, `${name} ${count}`, name === tag),
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
part('more-like').addEventListener('click', () => {
  const hash = new URLSearchParams(location.hash.slice(1));
  if (asksForLike()) hash.delete('like');
  else hash.set('like', '');
  hash.delete('ids');
  location.hash = String(hash);
});
document.addEventListener('list:grown', () => {
  for (const paper of document.querySelectorAll('#papers > article')) {
    const found = alike.get(paper.id);
    if (found)
      showWhy(paper, [...found.words, ...(found.near ? [word('likeStar', { id: found.near })] : [])]);
  }
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
