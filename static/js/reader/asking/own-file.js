/**
 * A file that a reader brings to be asked in the place of a paper's text: chosen or dropped on the questions, read by
 * the server, and taken away there again. Its name there is known to this page alone, and to this browser where the
 * reader wants its text to be kept.
 */

import { announce, word } from '../../page/announcements.js';
import { API } from '../../page/base.js';
import { kept, keep } from '../../page/local-settings.js';
import { messageOf } from '../../page/problems.js';
import { problemOf } from './answer-stream.js';

/** @typedef {{ file: string, name: string, state: 'reading' | 'ready' | 'failed', source: string | null, reason: string | null, translations?: Record<string, string> }} OwnFile */

const PACE = 300; // milliseconds between two looks at whether a file has been read
const KEPT = 'own-files';

/** @param {Element} around @param {string} selector @returns {HTMLElement} */
const part = (around, selector) => /** @type {HTMLElement} */ (around.querySelector(selector));

/** The file that is asked beneath a paper; empty where its own text is. @param {HTMLElement} panel */
export const askedFile = (panel) => panel.dataset.file ?? '';

/**
 * Takes files that are chosen or dropped; `changed` is called when another text is asked from now on.
 * @param {HTMLElement} panel @param {string} paper @param {() => void} changed
 */
export function serveOwnFile(panel, paper, changed) {
  const field = /** @type {HTMLInputElement} */ (part(panel, '.own-file [type="file"]'));
  const keeps = /** @type {HTMLInputElement} */ (part(panel, '.own-file [name="keep"]'));
  /** @param {File | undefined} file */
  const bring = (file) => {
    if (!file) return;
    void use(panel, file.name, send(file, keeps.checked), changed).then((ready) => {
      if (ready && keeps.checked) remember(paper, askedFile(panel));
    });
  };
  field.addEventListener('change', () => {
    bring(field.files?.[0]);
    field.value = '';
  });
  panel.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    panel.classList.add('dropping');
  });
  panel.addEventListener('dragleave', () => panel.classList.remove('dropping'));
  panel.addEventListener('drop', (event) => {
    panel.classList.remove('dropping');
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    bring(event.dataTransfer.files[0]);
  });
  part(panel, '.own-file [type="button"]').addEventListener('click', () => {
    void takeAway(askedFile(panel));
    remember(paper, null);
    delete panel.dataset.file;
    tell(panel, '');
    field.focus();
    changed();
  });
  const before = kept(KEPT)?.[paper];
  if (typeof before === 'string') void use(panel, '', look(before), changed, () => remember(paper, null));
}

/**
 * Waits until a file has been read, and asks it from then on; whether it can be.
 * @param {HTMLElement} panel @param {string} name @param {Promise<OwnFile>} brought @param {() => void} changed
 * @param {() => void} [gone] called in the place of saying that it failed
 */
async function use(panel, name, brought, changed, gone) {
  tell(panel, word('fileReading', { name }));
  try {
    let file = await brought;
    while (file.state === 'reading') {
      await new Promise((resolve) => setTimeout(resolve, PACE));
      file = await look(file.file);
    }
    if (file.state === 'failed')
      throw new Error(messageOf({ detail: file.reason ?? '', translations: file.translations }));
    panel.dataset.file = file.file;
    const source = word(
      `source${(file.source ?? 'html')[0].toUpperCase()}${(file.source ?? 'html').slice(1)}`,
    );
    announce(tell(panel, word('fileReady', { name: file.name, source }), '', true));
    changed();
    return true;
  } catch (error) {
    console.warn(error);
    if (gone) {
      gone();
      tell(panel, '');
    } else announce(tell(panel, word('fileFailed', { name }), /** @type {Error} */ (error).message));
    return false;
  }
}

/** @param {File} file @param {boolean} keeps @returns {Promise<OwnFile>} */
async function send(file, keeps) {
  const address = new URL('files', API);
  address.searchParams.set('name', file.name.slice(0, 400));
  address.searchParams.set('keep', String(keeps));
  return answered(
    await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: file,
    }),
  );
}

/** @param {string} file @returns {Promise<OwnFile>} */
const look = async (file) => answered(await fetch(new URL(`files/${file}`, API)));

/** @param {Response} response */
async function answered(response) {
  if (response.ok) return response.json();
  throw new Error(messageOf(await problemOf(response)) || String(response.status));
}

/** @param {string} file */
async function takeAway(file) {
  if (file === '') return;
  await fetch(new URL(`files/${file}`, API), { method: 'DELETE' }).catch((error) => console.warn(error));
}

/** Keeps the name of a file in this browser, or forgets it. @param {string} paper @param {string | null} file */
function remember(paper, file) {
  const { [paper]: _, ...others } = kept(KEPT) ?? {};
  try {
    keep(KEPT, file === null ? others : { ...others, [paper]: file });
  } catch (error) {
    console.warn(error); // the file can be asked until the page is left
  }
}

/** @param {HTMLElement} panel @param {string} said @param {string} detail @param {boolean} [isThere] */
function tell(panel, said, detail = '', isThere = false) {
  const line = part(panel, '.file-said');
  line.hidden = said === '';
  part(line, '.status').textContent = said;
  part(line, '.detail').textContent = detail;
  part(line, 'button').hidden = !isThere;
  return `${said} ${detail}`;
}
