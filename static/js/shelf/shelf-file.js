/** The buttons that write the whole shelf to a file, and take one in: nothing that is there is lost. */

import { say, word } from '../page/announcements.js';
import { shelf } from './shelf.js';
import { TooMuch, fromFile, toFile } from './shelf-records.js';

const LARGEST_FILE = 64 << 20; // bytes

/** Hands a text to the reader as a file. @param {string} text @param {string} type @param {string} name */
export function download(text, type, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** @param {File} file */
async function takeIn(file) {
  if (file.size > LARGEST_FILE) throw new SyntaxError(`${file.size} bytes`);
  const { records, bad } = fromFile(await file.text());
  await shelf.merge(records);
  say(word(bad > 0 ? 'importedSome' : 'imported', { count: records.length, bad }));
}

/** Shows the reader why nothing was kept. @param {unknown} error */
export function sayWhy(error) {
  console.warn(error);
  if (error instanceof TooMuch) return say(word(error.message, error.values));
  say(word(error instanceof SyntaxError ? 'notImported' : 'keepsNothing'));
}

/** @param {() => void} show called when what is kept has changed */
export function serveFiles(show) {
  document.getElementById('export')?.addEventListener('click', () => {
    const day = new Date().toISOString().slice(0, 10);
    download(toFile(shelf.all()), 'application/json', `quire-${day}.json`);
  });
  document.getElementById('import')?.addEventListener('change', ({ target }) => {
    const input = /** @type {HTMLInputElement} */ (target);
    const file = input.files?.[0];
    input.value = '';
    if (file) takeIn(file).then(show).catch(sayWhy);
  });
}
