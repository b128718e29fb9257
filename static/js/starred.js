/**
 * The page of what the reader kept: the shelf's papers by tag, or those that a link names; export, import, a link.
 *
 * The papers come as any list's do, from the server's pages; what was kept about them never leaves the browser.
 */

import './reading.js';
import { copyText } from './cite.js';
import { goOn } from './list.js';
import { say, word } from './say.js';
import { shelf } from './shelf.js';
import { emptyRecord, fromFile, idsOfLink, linkHash, toFile } from './shelf-records.js';

const TOGETHER = 25;
const LARGEST_FILE = 64 << 20; // bytes
const BASE = new URL('../../', import.meta.url);

/** @param {string} id @returns {HTMLElement} */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {string[]} */
let listed = [];
let asked = 0;

const kept = () => shelf.all().filter(({ starred, tags, note }) => starred || tags.length > 0 || note !== '');
const chosenTag = () => new URLSearchParams(location.hash.slice(1)).get('tag');

/** Lists what the address asks for: a link's papers, those of a tag, or all. */
function show() {
  const shared = idsOfLink(location.hash);
  const tag = chosenTag();
  part('shared').hidden = shared.length === 0;
  part('shared-count').textContent = word('sharedCount', { count: shared.length });
  listed =
    shared.length > 0
      ? shared
      : kept()
          .filter(({ tags }) => !tag || tags.includes(tag))
          .map(({ id }) => id);
  asked = 0;
  part('papers').replaceChildren();
  part('missing').replaceChildren();
  showTags();
  follow();
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

/** Lets the list go on with the next papers, or says that it ended. */
function follow() {
  if (asked >= listed.length)
    return goOn(null, listed.length > 0 ? word('thatWasAll', { count: listed.length }) : word('nothingKept'));
  // The comma at the end asks for a list also where there is one id.
  const ids = listed.slice(asked, asked + TOGETHER).join(',');
  goOn(new URL(`arxiv/${ids},?start=${asked + 1}`, BASE).href, word('more'));
}

/** Names the papers that were asked for and are not in this library. @param {string[]} ids */
function showMissing(ids) {
  if (ids.length === 0) return;
  const line = part('missing');
  if (!line.hasChildNodes()) line.append(word('notHere'));
  for (const id of ids) {
    const link = document.createElement('a');
    link.href = `https://arxiv.org/abs/${id}`;
    link.rel = 'noopener noreferrer';
    link.textContent = id;
    line.append(' ', link);
  }
}

function exportFile() {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([toFile(shelf.all())], { type: 'application/json' }));
  link.download = `quire-${new Date().toISOString().slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** @param {File} file */
async function importFile(file) {
  if (file.size > LARGEST_FILE) throw new SyntaxError(`${file.size} bytes`);
  const { records, bad } = fromFile(await file.text());
  await keep(records);
  say(word(bad > 0 ? 'importedSome' : 'imported', { count: records.length, bad }));
}

/** @param {import('./shelf-records.js').ShelfRecord[]} records */
async function keep(records) {
  await shelf.merge(records);
  show();
}

/** @param {unknown} error */
function sayWhy(error) {
  console.warn(error);
  say(word(error instanceof SyntaxError ? 'notImported' : 'keepsNothing'));
}

part('papers').addEventListener('list:grown', () => {
  const batch = listed.slice(asked, asked + TOGETHER);
  asked += batch.length;
  showMissing(batch.filter((id) => !document.getElementById(id)));
  follow();
});
part('export').addEventListener('click', exportFile);
part('import').addEventListener('change', ({ target }) => {
  const input = /** @type {HTMLInputElement} */ (target);
  const file = input.files?.[0];
  input.value = '';
  if (file) importFile(file).catch(sayWhy);
});
part('copy-link').addEventListener('click', () => {
  const address = new URL(linkHash(listed), location.href).href;
  copyText(address).then(
    () => say(word('linkCopied', { count: listed.length })),
    () => say(address),
  );
});
part('keep-shared').addEventListener('click', () => {
  const starred = new Date().toISOString();
  const records = idsOfLink(location.hash).map((id) => ({ ...emptyRecord(id), starred }));
  history.pushState(null, '', '#');
  keep(records).catch(sayWhy);
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
    if (listed.length === 0) goOn(null, word('keepsNothing'));
  },
);
