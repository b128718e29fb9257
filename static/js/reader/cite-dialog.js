/**
 * The dialog that cites all papers of a list, a search or the stars at once, as a copy or a file; the form chosen in
 * it is the one that the button of each paper uses from then on.
 */

import { FIELD_NAMES } from './citation-template.js';
import { choice, choose, citations, fileForm } from './citing.js';
import { copyText } from '../page/clipboard.js';
import { goesOn, isShort, rest } from './list.js';
import { idsOfList } from './whole-list.js';
import { download } from '../shelf/shelf-file.js';
import { say, word } from '../page/announcements.js';

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('cite-dialog'));
const form = /** @type {HTMLFormElement | null} */ (document.getElementById('cite-form'));

/** The papers of the list, those that are not on the page yet too; with words in the find bar, those that it left. */
async function ids() {
  const isFiltered = document.querySelector('#papers > .paper[hidden]') !== null;
  if (!isFiltered && isShort() && goesOn()) await rest(() => true);
  return idsOfList(showProgress);
}

/** How far it is, in the dialog. @param {number} count @param {number} total */
function showProgress(count, total) {
  const bar = /** @type {HTMLProgressElement | null} */ (document.getElementById('cite-progress'));
  if (!bar) return;
  bar.hidden = total === 0;
  bar.max = total;
  bar.value = count;
  const line = document.getElementById('cite-count');
  if (line) line.textContent = total > 0 ? word('citeCount', { count, total }) : '';
}

function show() {
  if (!form) return;
  const names = document.getElementById('template-names');
  if (names) names.textContent = FIELD_NAMES.map((name) => `{${name}}`).join(' ');
  const { form: chosen, template } = choice();
  const fields = form.elements;
  /** @type {RadioNodeList} */ (fields.namedItem('form')).value = chosen;
  const own = /** @type {HTMLTextAreaElement} */ (fields.namedItem('template'));
  own.value = template;
  /** @type {HTMLElement} */ (own.closest('.own-form')).hidden = chosen !== 'own';
}

function changed() {
  if (!form) return;
  const fields = new FormData(form);
  try {
    choose({
      form: /** @type {import('./citing.js').Form} */ (fields.get('form')),
      template: String(fields.get('template')),
    });
  } catch (error) {
    console.warn(error);
    say(word('keepsNothing'));
  }
  const own = form.querySelector('.own-form');
  if (own instanceof HTMLElement) own.hidden = fields.get('form') !== 'own';
}

/** @param {(text: string, count: number) => unknown} action */
async function withCitations(action) {
  const busy = document.getElementById('loading');
  busy?.setAttribute('data-busy', '');
  try {
    const papers = await ids();
    if (papers.length === 0) return say(word('nothingToCite'));
    await action(await citations(papers, showProgress), papers.length);
    dialog?.close();
    say(word('citedAll', { count: papers.length }));
  } catch (error) {
    console.warn(error);
    say(word('notFetched'));
  } finally {
    showProgress(0, 0);
    busy?.removeAttribute('data-busy');
  }
}

document.getElementById('cite-all')?.addEventListener('click', () => {
  show();
  dialog?.showModal();
});
form?.addEventListener('input', changed);
form?.addEventListener('submit', (event) => {
  event.preventDefault();
  const { ending, type } = fileForm();
  const isFile = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value === 'file';
  void withCitations((text) => (isFile ? download(text, type, `papers.${ending}`) : copyText(text)));
});
document.getElementById('cite-close')?.addEventListener('click', () => dialog?.close());
