/**
 * The footnotes of one text on the page: numbers in the order of reference, the notes at the text's end, links both
 * ways. Ids carry a number of the text, so that those of two texts on a page never meet. It reads no Markdown.
 */

import { formulasIn } from './formula.js';
import { referencesIn } from './markdown-blocks.js';

/** @typedef {import('./markdown.js').Links} Links */

const MARK = 'sup.note-mark';
/** What screen readers say, by the page's language. @type {Record<string, {notes: string, back: string}>} */
const WORDS = {
  en: { notes: 'Footnotes', back: 'Back to reference' },
  zh: { notes: '脚注', back: '回到正文引用' },
};

let texts = 0;

const words = () => WORDS[document.documentElement.lang.slice(0, 2)] ?? WORDS.en;

/**
 * The sign in a text that refers to a note; it shows the label until the text's notes are numbered.
 * @param {{source: string, label: string}} reference
 */
export function footnoteMark({ source, label }) {
  const mark = document.createElement('sup');
  mark.className = 'note-mark notranslate';
  mark.translate = false;
  const link = document.createElement('a');
  link.dataset.note = label;
  link.setAttribute('role', 'doc-noteref');
  link.textContent = source.slice(2, -1);
  mark.append(link);
  return mark;
}

export class Footnotes {
  #text = (texts += 1);
  #section = document.createElement('section');
  #list = document.createElement('ol');
  /** The notes shown so far by label, each with what it was made from. @type {Map<string, {made: string, item: HTMLElement}>} */
  #items = new Map();

  /**
   * @param {HTMLElement} host the text
   * @param {(source: string, links: Links) => DocumentFragment} build makes elements of a note's Markdown
   */
  constructor(host, build) {
    this.host = host;
    this.build = build;
    this.#section.className = 'notes';
    this.#section.setAttribute('role', 'doc-endnotes');
    this.#section.setAttribute('aria-label', words().notes);
    this.#section.append(this.#list);
  }

  /** The notes, where the text shows any: they stay behind all that comes. */
  get shown() {
    return this.#section.parentNode === this.host ? this.#section : null;
  }

  /**
   * Numbers the references and shows the notes that they name.
   * @param {Links} links what the text defines
   * @returns {HTMLElement[]} the formulas that have come onto the page
   */
  show(links) {
    const marks = /** @type {HTMLElement[]} */ ([...this.host.querySelectorAll(MARK)]);
    const outside = marks.filter((mark) => !this.#section.contains(mark));
    /** @type {Map<string, HTMLElement[]>} */
    const named = new Map();
    const add = (/** @type {HTMLElement[]} */ found) => {
      for (const mark of found) {
        const label = mark.querySelector('a')?.dataset.note ?? '';
        if (links[label]?.note === undefined) continue;
        if (!named.has(label)) named.set(label, []);
        named.get(label)?.push(mark);
      }
    };
    add(outside);
    /** @type {HTMLElement[]} */
    const formulas = [];
    const items = [];
    // What a note itself refers to is numbered after what the text does; a map goes on to what is added on the way.
    for (const [label] of named) {
      const { item, isNew } = this.#item(label, links);
      if (isNew) formulas.push(...formulasIn(item));
      items.push(item);
      add([...item.querySelectorAll(MARK)].map((mark) => /** @type {HTMLElement} */ (mark)));
    }
    for (const label of this.#items.keys()) if (!named.has(label)) this.#items.delete(label);
    this.#place(items);
    let number = 0;
    for (const [label, references] of named) this.#number((number += 1), label, references);
    return formulas;
  }

  /** The note with a label, made again where its text, or what that refers to, has changed. @param {string} label @param {Links} links */
  #item(label, links) {
    const source = links[label].note ?? '';
    const uses = [...referencesIn(source)].map((name) => {
      const { href, title, note } = links[name] ?? {};
      return [href, title, note !== undefined];
    });
    const made = JSON.stringify([source, uses]);
    const known = this.#items.get(label);
    if (known?.made === made) return { item: known.item, isNew: false };
    const item = document.createElement('li');
    item.append(this.build(source, links));
    this.#items.set(label, { made, item });
    return { item, isNew: true };
  }

  /** @param {HTMLElement[]} items */
  #place(items) {
    const { children } = this.#list;
    if (children.length !== items.length || items.some((item, index) => children[index] !== item))
      this.#list.replaceChildren(...items);
    if (items.length === 0) this.#section.remove();
    else if (!this.shown) this.host.insertBefore(this.#section, null); // `append` is the text's own
  }

  /** @param {number} number @param {string} label @param {HTMLElement[]} marks */
  #number(number, label, marks) {
    const item = /** @type {{item: HTMLElement}} */ (this.#items.get(label)).item;
    item.id = `note-${this.#text}-${number}`;
    item.querySelector('.note-backs')?.remove();
    const backs = document.createElement('span');
    backs.className = 'note-backs';
    const last = item.lastElementChild;
    for (const [index, mark] of marks.entries()) {
      const id = `note-mark-${this.#text}-${number}-${index + 1}`;
      const link = /** @type {HTMLAnchorElement} */ (mark.firstElementChild);
      link.id = id;
      link.setAttribute('href', `#${item.id}`);
      if (link.textContent !== String(number)) link.textContent = String(number);
      backs.append(' ', backLink(id, marks.length > 1 ? index + 1 : 0, number));
    }
    (last?.matches('p') ? last : item).append(backs);
  }
}

/** @param {string} id of the reference @param {number} count which of several it is, or 0 @param {number} number of the note */
function backLink(id, count, number) {
  const link = document.createElement('a');
  link.className = 'note-back notranslate';
  link.translate = false;
  link.setAttribute('role', 'doc-backlink');
  link.setAttribute('href', `#${id}`);
  link.setAttribute('aria-label', `${words().back} ${number}${count > 0 ? `-${count}` : ''}`);
  link.textContent = '↩\uFE0E'; // in the text's own face, not as a picture
  if (count > 1) {
    const which = document.createElement('sup');
    which.textContent = String(count);
    link.append(which);
  }
  return link;
}
