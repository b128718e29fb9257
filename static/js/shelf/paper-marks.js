/** Stars, read marks, tags and notes on the papers of a page: shows what the shelf keeps, and changes it. */

import { say, word } from '../page/announcements.js';
import { shelf } from './shelf.js';
import { editNote } from './note-editor.js';
import { idsOfList, ListFailed } from '../reader/whole-list.js';

/** @param {Iterable<Element>} papers */
function show(papers) {
  for (const paper of papers) {
    const { starred, read, tags, note } = shelf.of(paper.id);
    paper.querySelector('[data-action="star"]')?.setAttribute('aria-pressed', String(starred !== null));
    paper.querySelector('[data-action="read"]')?.setAttribute('aria-pressed', String(read !== null));
    paper.classList.toggle('read', read !== null);
    showOwn(paper, tags, note);
  }
}

/** The reader's own tags and note, beneath the paper. @param {Element} paper @param {string[]} tags @param {string} note */
function showOwn(paper, tags, note) {
  const shown = paper.querySelector('.own');
  if (tags.length === 0 && note === '') return shown?.remove();
  const own = shown ?? document.createElement('p');
  own.className = 'own notranslate';
  own.setAttribute('translate', 'no');
  const parts = tags.map((tag) => {
    const element = document.createElement('span');
    element.className = 'tag';
    element.textContent = tag;
    return element;
  });
  own.replaceChildren(...parts, note);
  if (!shown) paper.append(own);
}

/** Does what was asked, or says kindly that this browser keeps nothing. @param {() => Promise<unknown>} change */
async function attempt(change) {
  try {
    await change();
  } catch (error) {
    console.warn(error);
    say(word(error instanceof ListFailed ? 'notFetched' : 'keepsNothing'));
  }
}

const now = () => new Date().toISOString();

/**
 * Sets a mark or takes it away, and says so: the paper may be out of sight.
 * @param {string} id @param {'starred' | 'read'} mark @param {string} set @param {string} taken names of the words for it
 */
const turn = (id, mark, set, taken) =>
  attempt(async () => {
    const was = shelf.of(id)[mark];
    await shelf.set(id, { [mark]: was ? null : now() });
    say(word(was ? taken : set, { id }));
  });

/** @type {Record<string, (paper: Element) => unknown>} */
const ACTIONS = {
  star: ({ id }) => turn(id, 'starred', 'nowStarred', 'noLongerStarred'),
  read: ({ id }) => turn(id, 'read', 'nowRead', 'nowUnread'),
  note: editNote,
};

document.addEventListener('click', ({ target }) => {
  const button =
    target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest('[data-action]')) : null;
  const paper = button?.closest('article.paper');
  if (paper) ACTIONS[button?.dataset.action ?? '']?.(paper);
});

document.getElementById('read-all')?.addEventListener('click', () => {
  void attempt(async () => {
    const busy = () => say(word('markingRead'));
    busy();
    const ids = await idsOfList(busy);
    const unread = ids.filter((id) => !shelf.of(id).read);
    await shelf.setAll(unread, { read: now() });
    say(word('allRead', { count: unread.length }), () => attempt(() => shelf.setAll(unread, { read: null })));
  });
});

/** @returns {NodeListOf<HTMLElement>} */
const onPage = () => document.querySelectorAll('article.paper');

shelf.ready().then(
  () => {
    show(onPage());
    document.addEventListener('list:grown', (event) =>
      show(/** @type {CustomEvent<Element[]>} */ (event).detail),
    );
    shelf.onChange((ids) =>
      show(ids.map((id) => document.getElementById(id)).filter((paper) => paper !== null)),
    );
  },
  (error) => console.warn(error), // said in words when the reader asks for something to be kept
);
