/** The ids of the whole text, model by model, in view and to copy. */

import { filled } from '../page/announcements.js';
import { copyText } from '../page/clipboard.js';

/** @typedef {{ model: string, ids: readonly number[] }} Row */

const SHOWN = 2000; // ids in view; all of them are copied

export class Ids {
  /**
   * @param {HTMLElement} details
   * @param {{ copy: string, copied: string }} words
   */
  constructor(details, words) {
    this.details = details;
    this.words = words;
    this.place = /** @type {HTMLElement} */ (details.querySelector('div'));
  }

  /** Shows them; hides the box where they are not known. @param {readonly Row[]} rows */
  show(rows) {
    this.details.hidden = !rows.some(({ ids }) => ids.length);
    this.place.replaceChildren(...rows.map((row) => this.#row(row)));
  }

  /** @param {Row} row */
  #row({ model, ids }) {
    const row = document.createElement('div');
    const name = document.createElement('strong');
    name.textContent = model;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = this.words.copy;
    button.setAttribute('aria-label', `${this.words.copy} (${model})`);
    const said = document.createElement('span');
    said.setAttribute('role', 'status');
    said.className = 'quiet';
    button.addEventListener('click', async () => {
      await copyText(`[${ids.join(', ')}]`);
      said.textContent = filled(this.words.copied, { model, count: ids.length });
    });
    const list = document.createElement('code');
    list.tabIndex = 0;
    list.textContent = `[${ids.slice(0, SHOWN).join(', ')}${ids.length > SHOWN ? ', …' : ''}]`;
    row.append(name, ' ', button, ' ', said, list);
    return row;
  }
}
