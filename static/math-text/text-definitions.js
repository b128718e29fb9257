/**
 * Which commands a formula knows from its text: those that its text defines before it, in formulas or between them. What
 * one text defines no other one sees. Expanding them is the work of definitions.js.
 */

import { mayDefine, takeDefinitions } from './definitions.js';
import { follows } from './formula.js';

/** @typedef {import('./definitions.js').Definitions} Definitions */

const DEFINING = '[data-defines]';
/** Formulas and stretches of one text that may define something; what comes after them stays unknown. */
const MOST = 100;
/** Commands that one text may define. */
const MOST_COMMANDS = 1000;

let isAny = false;

/** Marks an element whose `data-tex` defines commands, if it does. @param {HTMLElement} element @returns {boolean} whether it is no more than definitions */
export function markDefinitions(element) {
  const tex = element.dataset.tex ?? '';
  const taken = mayDefine(tex) ? takeDefinitions(tex) : null;
  if (!taken) return false;
  isAny = true;
  element.dataset.defines = '';
  return taken.rest.trim() === '';
}

/** What one text defines, as it stands at the moment. */
export class TextDefinitions {
  /** @type {HTMLElement[]} */
  #elements;
  /** What is known after each of them. @type {Definitions[]} */
  #known = [];

  /** @param {Element | null} text */
  constructor(text) {
    this.#elements = isAny && text ? [...text.querySelectorAll(DEFINING)].map(asElement).slice(0, MOST) : [];
  }

  /** What an element of the text may use. @param {Element} element @returns {Definitions} */
  before(element) {
    let count = 0;
    while (count < this.#elements.length && follows(this.#elements[count], element)) count += 1;
    for (let index = this.#known.length; index < count; index += 1) {
      const known = this.#known[index - 1] ?? new Map();
      const taken = takeDefinitions(this.#elements[index].dataset.tex ?? '', known);
      this.#known.push(taken && taken.definitions.size <= MOST_COMMANDS ? taken.definitions : known);
    }
    return this.#known[count - 1] ?? new Map();
  }
}

const asElement = (/** @type {Element} */ element) => /** @type {HTMLElement} */ (element);
