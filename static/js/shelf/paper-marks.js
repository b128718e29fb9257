/** Stars, read marks, tags and notes on the papers of a page: shows what the shelf keeps, and changes it. */

import { say, word } from '../page/announcements.js';
import { shelf } from './shelf.js';
import { emptyRecord, tagsOf } from './shelf-records.js';

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
    say(word('keepsNothing'));
  }
}

const now = () => new Date().toISOString();

/** @type {Record<string, (paper: Element) => unknown>} */
const ACTIONS = {
  star: ({ id }) => attempt(() => shelf.set(id, { starred: shelf.of(id).starred ? null : now() })),
  read: ({ id }) => attempt(() => shelf.set(id, { read: shelf.of(id).read ? null : now() })),
  note: editNote,
};

/** Opens the fields for tags and a note, or closes them. @param {Element} paper */
function editNote(paper) {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById('note-editor'));
  const button = /** @type {HTMLElement | null} */ (paper.querySelector('[data-action="note"]'));
  const open = paper.querySelector('.note-editor');
  if (open || !template) return close(open, button);
  const form = /** @type {HTMLFormElement} */ (
    /** @type {Element} */ (template.content.firstElementChild).cloneNode(true)
  );
  const tags = /** @type {HTMLInputElement} */ (form.elements.namedItem('tags'));
  const note = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem('note'));
  const kept = shelf.of(paper.id);
  tags.value = kept.tags.join(', ');
  note.value = kept.note;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(async () => {
      await shelf.set(paper.id, { tags: tagsOf(tags.value), note: note.value.trim() });
      close(form, button);
    });
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close(form, button);
  });
  button?.setAttribute('aria-expanded', 'true');
  paper.append(form);
  tags.focus();
}

/** @param {Element | null} form @param {HTMLElement | null} button */
function close(form, button) {
  form?.remove();
  button?.setAttribute('aria-expanded', 'false');
  button?.focus({ preventScroll: true });
}

document.addEventListener('click', ({ target }) => {
  const button =
    target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest('[data-action]')) : null;
  const paper = button?.closest('article.paper');
  if (paper) ACTIONS[button?.dataset.action ?? '']?.(paper);
});

document.getElementById('read-all')?.addEventListener('click', () => {
  const unread = [...onPage()].filter(({ id, hidden }) => !hidden && !shelf.of(id).read);
  const read = now();
  void attempt(async () => {
    await shelf.merge(unread.map(({ id }) => ({ ...emptyRecord(id), read })));
    say(word('allRead', { count: unread.length }));
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
