/**
 * The custom element <math-text format="latex|markdown">: a text with mathematics in it, safe under page translation,
 * typeset when it comes near. It finds no mathematics and talks to no typesetter itself.
 *
 * The source lives in a private field and is never read back from the page, so nothing that a translator does to the
 * page reaches it.
 */

import { buildText } from './document-fragment.js';
import { forget, whenNear } from './near.js';
import { isLoaded, load, newNumbering, typeset } from './typeset.js';

/** @typedef {'waiting' | 'ready' | 'failed'} State */

export class MathText extends HTMLElement {
  static observedAttributes = ['format'];

  /** @type {string | null} */
  #source = null;
  #numbering = newNumbering();
  #version = 0;

  /** The text as it was given; setting it shows another text. */
  get source() {
    return this.#source ?? this.textContent ?? '';
  }

  set source(text) {
    this.#source = String(text);
    this.#show();
  }

  /**
   * Adds to the text, as an answer arrives.
   * @param {string} chunk
   */
  append(chunk) {
    this.source = this.source + chunk;
  }

  /** @returns {'latex' | 'markdown'} */
  get format() {
    return this.getAttribute('format') === 'markdown' ? 'markdown' : 'latex';
  }

  connectedCallback() {
    this.#guard();
    if (this.#source !== null) this.#resume();
    else if (document.readyState === 'loading') {
      // The parser may not have reached the end of this element yet.
      document.addEventListener('DOMContentLoaded', () => this.#read(), { once: true });
    } else this.#read();
  }

  disconnectedCallback() {
    forget(this);
  }

  attributeChangedCallback() {
    if (this.#source !== null) this.#show();
  }

  #read() {
    if (this.#source === null) this.source = this.textContent ?? '';
  }

  #resume() {
    if (this.getAttribute('state') !== 'ready') this.#show();
  }

  #guard() {
    this.classList.add('notranslate');
    this.translate = false;
    this.setAttribute('state', 'waiting');
  }

  /** @param {State} state */
  #release(state) {
    this.classList.remove('notranslate');
    this.removeAttribute('translate');
    this.setAttribute('state', state);
    this.dispatchEvent(new CustomEvent('math-text:ready', { bubbles: true }));
  }

  #show() {
    const version = (this.#version += 1);
    this.#guard();
    this.#numbering = newNumbering();
    this.replaceChildren(buildText(this.source, this.format));
    if (this.#waiting().length > 0) whenNear(this);
    else
      queueMicrotask(() => {
        if (version === this.#version) this.#release('ready');
      });
  }

  /** @returns {HTMLElement[]} */
  #waiting() {
    const spans = /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll('span.math'));
    return [...spans].filter((span) => !span.querySelector('mjx-container'));
  }

  /** The steps of typesetting what waits; for near.js. @returns {Generator<Promise<unknown> | undefined, void>} */
  *work() {
    const version = this.#version;
    let failed = false;
    if (!isLoaded()) {
      yield load().catch(() => {
        failed = true;
      });
    }
    if (version !== this.#version) return;
    if (!failed) yield* typeset(this.#waiting(), this.#numbering);
    if (version === this.#version) this.#release(failed ? 'failed' : 'ready');
  }
}

customElements.define('math-text', MathText);
