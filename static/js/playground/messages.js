/** The list of messages of a chat: their roles and texts, added, removed and moved. It asks nothing. */

import { announce, filled } from '../page/announcements.js';

/** @typedef {{role: string, content: string}} Message */

const ANOTHER = ''; // the choice of a role that is typed

export class Messages {
  /**
   * @param {HTMLOListElement} list with words in its data
   * @param {HTMLTemplateElement} template of a message
   * @param {() => void} changed called when messages come, go or move
   */
  constructor(list, template, changed) {
    this.list = list;
    this.template = template;
    this.changed = changed;
    list.addEventListener('click', this.#pressed);
    list.addEventListener('change', ({ target }) => {
      if (target instanceof HTMLSelectElement && target.value === ANOTHER) this.#type(target);
    });
  }

  /** @returns {Message[]} */
  get all() {
    return this.#items.map((item) => ({ role: roleOf(item).value, content: textOf(item).value }));
  }

  /** @param {Message[]} messages that stand there from now on */
  set(messages) {
    this.list.replaceChildren(...messages.map((message) => this.#made(message)));
    this.#number();
  }

  /** Adds an empty message of the role whose turn it is, and goes there. */
  add() {
    const last = this.all.at(-1)?.role;
    const item = this.#made({ role: last === 'user' ? 'assistant' : 'user', content: '' });
    this.list.append(item);
    this.#number();
    textOf(item).focus();
    this.changed();
  }

  /** @param {string[]} counts what to say of the size of each message */
  showCounts(counts) {
    this.#items.forEach((item, place) => {
      /** @type {HTMLElement} */ (item.querySelector('.count')).textContent = counts[place] ?? '';
    });
  }

  get #items() {
    return /** @type {HTMLLIElement[]} */ ([...this.list.children]);
  }

  /** @param {Message} message */
  #made({ role, content }) {
    const copy = /** @type {DocumentFragment} */ (this.template.content.cloneNode(true));
    const item = /** @type {HTMLLIElement} */ (copy.firstElementChild);
    choose(/** @type {HTMLSelectElement} */ (roleOf(item)), role || 'user');
    textOf(item).value = content;
    return item;
  }

  /** @param {Event} event */
  #pressed = ({ target }) => {
    const button = target instanceof HTMLElement ? target.closest('button') : null;
    const item = /** @type {HTMLLIElement | null} */ (button?.closest('li') ?? null);
    if (!button || !item) return;
    const place = this.#items.indexOf(item);
    if (button.dataset.do === 'remove') {
      item.remove();
      this.#number();
      textOf(this.#items[Math.min(place, this.#items.length - 1)]).focus();
    } else {
      if (button.dataset.do === 'up') item.previousElementSibling?.before(item);
      else item.nextElementSibling?.after(item);
      this.#number();
      const same = button.disabled ? item.querySelector('button:not(:disabled)') : button;
      /** @type {HTMLElement} */ (same).focus();
      const { moved = '' } = this.list.dataset;
      announce(filled(moved, { number: this.#items.indexOf(item) + 1, count: this.#items.length }));
    }
    this.changed();
  };

  /** Each message and its controls are called by its number. */
  #number() {
    const items = this.#items;
    items.forEach((item, place) => {
      const number = place + 1;
      item.setAttribute('aria-label', filled(this.list.dataset.message ?? '', { number }));
      roleOf(item).setAttribute('aria-label', filled(this.list.dataset.role ?? '', { number }));
      textOf(item).setAttribute('aria-label', filled(this.list.dataset.message ?? '', { number }));
      for (const button of item.querySelectorAll('button')) {
        button.setAttribute('aria-label', `${button.textContent} (${number})`);
        const { do: what } = button.dataset;
        button.disabled =
          what === 'up' ? !place : what === 'down' ? number === items.length : items.length === 1;
      }
    });
  }

  /** A role that is not in the list is typed in its place. @param {HTMLSelectElement} select */
  #type(select) {
    const input = document.createElement('input');
    input.type = 'text';
    input.name = 'role';
    input.required = true;
    input.setAttribute('aria-label', select.getAttribute('aria-label') ?? '');
    input.addEventListener('blur', () => {
      choose(select, input.value.trim() || 'user');
      input.replaceWith(select);
      this.#number();
      this.changed();
    });
    input.addEventListener('keydown', ({ key }) => {
      if (key !== 'Enter' && key !== 'Escape') return;
      input.blur();
      select.focus();
    });
    select.replaceWith(input);
    input.focus();
  }
}

/** @param {HTMLElement} item */
const roleOf = (item) =>
  /** @type {HTMLSelectElement | HTMLInputElement} */ (item.querySelector('[name=role]'));

/** @param {HTMLElement} item */
const textOf = (item) => /** @type {HTMLTextAreaElement} */ (item.querySelector('textarea'));

/** @param {HTMLSelectElement} select @param {string} role which is added where the list lacks it */
function choose(select, role) {
  if (![...select.options].some(({ value }) => value === role))
    select.options.add(new Option(role), select.options.length - 1);
  select.value = role;
}
