/**
 * The fields for a paper's tags and note: what is typed is kept as it is typed, so that nothing is left to be lost by
 * leaving, by Escape or by a crash, and Undo brings back what was there when the fields opened.
 */

import { say, word } from '../page/announcements.js';
import { shelf } from './shelf.js';
import { tagsOf } from './shelf-records.js';

/** @typedef {{ tags: string[], note: string }} Own */

/** Opens the fields beneath a paper, or closes them. @param {Element} paper */
export function editNote(paper) {
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById('note-editor'));
  const button = /** @type {HTMLElement | null} */ (paper.querySelector('[data-action="note"]'));
  const open = paper.querySelector('.note-editor');
  open?.dispatchEvent(new Event('submit', { cancelable: true }));
  if (open || !template) return;
  const form = /** @type {HTMLFormElement} */ (
    /** @type {Element} */ (template.content.firstElementChild).cloneNode(true)
  );
  const tags = /** @type {HTMLInputElement} */ (form.elements.namedItem('tags'));
  const note = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem('note'));
  const before = shelf.of(paper.id);
  tags.value = before.tags.join(', ');
  note.value = before.note;
  const keep = keeper(paper.id, () => ({ tags: tagsOf(tags.value), note: note.value.trim() }));
  const close = async () => {
    if (!(await keep())) return; // the only copy is what stands in the fields
    form.remove();
    button?.setAttribute('aria-expanded', 'false');
    button?.focus({ preventScroll: true });
  };
  form.addEventListener('input', () => void keep());
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void close();
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') void close();
  });
  form.querySelector('[name="undo"]')?.addEventListener('click', () => {
    const typed = { tags: tags.value, note: note.value };
    tags.value = before.tags.join(', ');
    note.value = before.note;
    void keep();
    say(word('noteUndone'), () => {
      tags.value = typed.tags;
      note.value = typed.note;
      void keep();
    });
  });
  button?.setAttribute('aria-expanded', 'true');
  paper.append(form);
  note.focus();
}

/**
 * Keeps what `read` gives, one write after the other and none in vain; true once the newest is kept.
 * @param {string} id @param {() => Own} read @returns {() => Promise<boolean>}
 */
function keeper(id, read) {
  /** @type {Promise<boolean> | null} */
  let writing = null;
  let written = JSON.stringify(read());
  const write = async () => {
    try {
      for (let wanted = read(); JSON.stringify(wanted) !== written; wanted = read()) {
        await shelf.set(id, wanted);
        written = JSON.stringify(wanted);
      }
      return true;
    } catch (error) {
      console.warn(error);
      say(word('keepsNothing'));
      return false;
    } finally {
      writing = null;
    }
  };
  return () => (writing ??= write());
}
