/** The models side by side: a row of the table for each, with its figures. The others are compared with the first. */

import { filled } from '../page/announcements.js';

/**
 * @typedef {object} Figures
 * @property {number} count
 * @property {number} bytes
 * @property {number | null} [context] most tokens that the model takes, where that is known
 */

const CELLS = 3; // tokens, bytes, bytes per token

export class Models {
  /**
   * @param {HTMLTableSectionElement} table
   * @param {HTMLButtonElement} add
   * @param {() => void} changed called when other models stand there
   */
  constructor(table, add, changed) {
    this.table = table;
    this.add = add;
    this.changed = changed;
    for (const none of table.querySelectorAll('option[value=""]')) none.remove();
    add.addEventListener('click', () => this.#add());
    table.addEventListener('click', ({ target }) => {
      if (target instanceof HTMLButtonElement) this.#remove(target);
    });
    table.addEventListener('change', ({ target }) => {
      if (target instanceof HTMLSelectElement)
        empty(/** @type {HTMLTableRowElement} */ (target.closest('tr')));
      this.#arrange();
    });
    this.#arrange();
  }

  get names() {
    return this.#selects.map(({ value }) => value);
  }

  /** Puts a model in the place of another one, and goes there. @param {string} old @param {string} name */
  replace(old, name) {
    const select = this.#selects.find(({ value }) => value === old);
    if (!select) return;
    select.value = name;
    empty(/** @type {HTMLTableRowElement} */ (select.closest('tr')));
    this.#arrange();
    select.focus();
    this.changed();
  }

  /** @param {(Figures | null | undefined)[]} figures of each model, nothing where there are none */
  show(figures) {
    figures.forEach((figure, row) => {
      const cells = this.table.rows[row].cells;
      if (!figure) return empty(this.table.rows[row]);
      const { count, bytes, context } = figure;
      cells[1].textContent = count.toLocaleString();
      if (context) cells[1].append(this.#share(count, context));
      cells[2].textContent = bytes.toLocaleString();
      cells[3].textContent = count ? (bytes / count).toFixed(2) : '–';
    });
  }

  /** @param {number} count @param {number} context */
  #share(count, context) {
    const share = document.createElement('small');
    share.textContent = filled(this.table.dataset.share ?? '', {
      percents: percentOf(count, context),
      context,
    });
    share.classList.toggle('over', count > context);
    return share;
  }

  get #selects() {
    return [...this.table.querySelectorAll('select')];
  }

  #add() {
    const row = /** @type {HTMLTableRowElement} */ (this.table.rows[0].cloneNode(true));
    const select = /** @type {HTMLSelectElement} */ (row.querySelector('select'));
    const taken = this.names;
    select.value = [...select.options].map(({ value }) => value).find((name) => !taken.includes(name)) ?? '';
    empty(row);
    this.table.append(row);
    this.#arrange();
    select.focus();
    this.changed();
  }

  /** @param {HTMLButtonElement} button */
  #remove(button) {
    const row = /** @type {HTMLTableRowElement} */ (button.closest('tr'));
    const place = row.sectionRowIndex;
    row.remove();
    this.#arrange();
    const near = this.table.rows[Math.min(place, this.table.rows.length - 1)];
    /** @type {HTMLElement} */ (
      near.querySelector('button:not([hidden])') ?? near.querySelector('select')
    ).focus();
    this.changed();
  }

  /** Each model stands there once, and one at least does. */
  #arrange() {
    const names = this.names;
    this.#selects.forEach((select, row) => {
      select.setAttribute('aria-label', filled(this.table.dataset.number ?? '', { number: row + 1 }));
      for (const option of select.options)
        option.disabled = option.value !== names[row] && names.includes(option.value);
      const button = /** @type {HTMLButtonElement} */ (this.table.rows[row].querySelector('button'));
      button.hidden = names.length === 1;
      button.setAttribute('aria-label', `${button.textContent} (${names[row]})`);
    });
    this.add.hidden = names.length === this.#selects[0].options.length;
  }
}

/** How many percent of a context some tokens take, as the server writes it. @param {number} count @param {number} context */
export function percentOf(count, context) {
  const percents = (100 * count) / context;
  if (percents > 0 && percents < 0.01) return '<0.01';
  return percents.toFixed(percents >= 10 ? 0 : percents >= 1 ? 1 : 2);
}

/** @param {HTMLTableRowElement} row whose figures are not known */
function empty(row) {
  for (let cell = 1; cell <= CELLS; cell++) row.cells[cell].textContent = '–';
}
