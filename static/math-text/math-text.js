/**
 * The custom element <math-text format="latex|markdown">: a text with mathematics in it, safe under page translation,
 * typeset when it comes near. It finds no mathematics and talks to no typesetter itself.
 *
 * The source lives in a private field and is never read back from the page, so nothing that a translator does to the
 * page reaches it.
 */

import { copyAsSource } from './copied-tex.js';
import { buildLatex } from './document-fragment.js';
import { follows, formulasIn, isWaiting, showSource, textOf } from './formula.js';
import { forgetGone, serveMenus } from './formula-menu.js';
import { GrowingText } from './growing-text.js';
import { isExploring, isLoaded, load, onSettingsChanged } from './mathjax.js';
import { NearQueue } from './viewport-queue.js';
import { newNumbering, outdated } from './numbering.js';
import { readyForPaper } from './paper-layout.js';
import { prepareForPrinting } from './print-typesetting.js';
import { forgetDrawings, release, typeset } from './typeset.js';
import { keepWithin, leave } from './wide-formulas.js';

/** @typedef {'waiting' | 'ready' | 'failed'} State */
/** @typedef {import('./viewport-queue.js').Steps} Steps */

const PAUSE = 120; // milliseconds without a chunk, after which a stream may have ended
const PORTION = 40; // formulas of one text at a time, since each change of a text costs a layout of it
const EAGER = 8; // milliseconds of building blocks at once; a long page builds the rest when it comes near

/** @type {NearQueue<MathText>} */
const toBuild = new NearQueue(buildBlocks);
/** @type {NearQueue<MathText>} */
const toTypeset = new NearQueue(typesetBlocks);
/** A text that was built elsewhere. */
const COPY = '[state="ready"], [state="failed"], :has(span.math[data-tex])';
let eagerUntil = 0;

export class MathText extends HTMLElement {
  static observedAttributes = ['format'];

  /** @type {string | null} */
  #source = null;
  #numbering = newNumbering();
  /** @type {GrowingText | null} */
  #growing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pausing;
  #isBuilt = false;
  /** Formulas that are not typeset yet. @type {HTMLElement[]} */
  #waiting = [];
  /** Whether those that wait may not be in the order of the page. */
  #isMixed = false;
  /** Formulas that are being typeset. @type {HTMLElement[]} */
  #taken = [];

  /** The text as it was given; setting it shows another text. */
  get source() {
    return this.#source ?? this.textContent ?? '';
  }

  set source(text) {
    this.#source = String(text);
    this.#growing = null;
    clearTimeout(this.#pausing);
    this.#pausing = undefined;
    this.build();
  }

  /**
   * Adds to the text, as an answer arrives; there is no need to say when it ends.
   * @param {string} chunk
   */
  append(chunk) {
    const more = String(chunk);
    this.#source = this.source + more;
    this.#guard();
    if (this.#growing) this.#wait(this.#growing.append(more));
    else {
      toBuild.remove(this);
      this.#growing = new GrowingText(this, this.format);
      this.#start(this.#growing.append(this.#source));
    }
    clearTimeout(this.#pausing);
    this.#pausing = setTimeout(() => this.#pause(), PAUSE);
  }

  /** @returns {'latex' | 'markdown'} */
  get format() {
    return this.getAttribute('format') === 'markdown' ? 'markdown' : 'latex';
  }

  /** Hands out the first formulas that wait, and the numbers they take part in. @param {number} most */
  takeFormulas(most) {
    let passed = 0;
    this.#taken = [];
    this.#wait(this.#renumber());
    if (this.#isMixed) {
      const waiting = new Set(this.#waiting);
      this.#waiting = formulasIn(this).filter((span) => waiting.has(span));
      this.#isMixed = false;
    }
    for (; passed < this.#waiting.length && this.#taken.length < most; passed += 1)
      if (this.contains(this.#waiting[passed])) this.#taken.push(this.#waiting[passed]);
    this.#waiting = this.#waiting.slice(passed);
    return { spans: this.#taken, numbering: this.#numbering };
  }

  connectedCallback() {
    if (this.#source === null) {
      this.#guard();
      // The parser may not have reached the end of this element yet.
      if (document.readyState !== 'loading') this.#read();
      else document.addEventListener('DOMContentLoaded', () => this.#read(), { once: true });
    } else if (this.#isBuilt) this.#comeBack();
    else toBuild.add(this);
  }

  disconnectedCallback() {
    toBuild.remove(this);
    toTypeset.remove(this);
    leave(this);
    if (isLoaded()) release();
    forgetGone();
  }

  /** The text has been moved to another place of the page, or built before it came here. */
  #comeBack() {
    if (isLoaded() && isExploring()) this.typesetAgain();
    else this.#typesetWhenNear();
    if (this.getAttribute('state') === 'ready') keepWithin(this);
  }

  attributeChangedCallback() {
    if (this.#source !== null) this.source = this.#source;
  }

  #read() {
    if (this.#source !== null) return;
    if (this.matches(COPY)) {
      this.#adopt();
      return;
    }
    this.#source = this.textContent ?? '';
    if (performance.now() < eagerUntil || startEager()) this.build();
    else {
      toBuild.add(this);
      toBuild.finishWhenIdle();
    }
  }

  /** A copy of a text, as `cloneNode` or `innerHTML +=` makes it, goes on showing what it shows. */
  #adopt() {
    this.#source = textOf(this);
    this.#guard();
    this.#start(formulasIn(this));
    if (this.#waiting.length === 0) queueMicrotask(() => this.releaseWhenDone());
  }

  /**
   * Makes the elements of the text; typesetting follows when they are near. An answer is built as if it arrived in one
   * chunk, so that it looks the same whichever way it came.
   */
  build() {
    toBuild.remove(this);
    this.#guard();
    if (this.format === 'markdown') {
      this.#growing = new GrowingText(this, 'markdown');
      this.#growing.append(this.source);
      this.#growing.pause();
    } else this.replaceChildren(buildLatex(this.source));
    this.#start(formulasIn(this));
    if (this.#waiting.length === 0) queueMicrotask(() => this.releaseWhenDone());
  }

  /** @param {HTMLElement[]} formulas of a text that has just been built */
  #start(formulas) {
    this.#isBuilt = true;
    this.#numbering = newNumbering();
    this.#waiting = [];
    this.#taken = [];
    this.#wait(formulas);
  }

  #pause() {
    this.#pausing = undefined;
    if (this.#growing) this.#wait(this.#growing.pause());
    this.releaseWhenDone();
  }

  /** @param {HTMLElement[]} formulas to be typeset when they are near */
  #wait(formulas) {
    for (const span of formulas.filter(isWaiting)) {
      const last = this.#waiting.at(-1);
      if (last && !follows(last, span)) this.#isMixed = true;
      this.#waiting.push(span);
    }
    this.#typesetWhenNear();
  }

  #typesetWhenNear() {
    if (this.isConnected && this.#waiting.length > 0) toTypeset.add(this);
  }

  #guard() {
    if (this.getAttribute('state') === 'waiting' && this.classList.contains('notranslate')) return;
    this.classList.add('notranslate');
    this.translate = false;
    this.setAttribute('state', 'waiting');
  }

  /**
   * Takes note that the formulas handed out are typeset, or cannot be.
   * @param {State} state
   */
  putFormulas(state) {
    const later = state === 'ready' ? this.#taken.filter(isWaiting) : [];
    this.#taken = [];
    if (state === 'failed') this.#waiting = [];
    this.#wait([...later, ...this.#renumber()]);
    this.releaseWhenDone(state);
  }

  /**
   * Opens the block to translation, once nothing of it waits.
   * @param {State} state
   */
  releaseWhenDone(state = 'ready') {
    if (this.#pausing !== undefined || !this.#isBuilt || this.getAttribute('state') !== 'waiting') return;
    if (this.#waiting.length > 0 || this.#taken.length > 0) return;
    this.classList.remove('notranslate');
    this.removeAttribute('translate');
    this.setAttribute('state', state);
    if (this.isConnected && formulasIn(this).length > 0) keepWithin(this);
    this.dispatchEvent(new CustomEvent('math-text:ready', { bubbles: true }));
  }

  /** The formulas whose numbers or references are no longer right, to be typeset again. */
  #renumber() {
    const formulas = outdated(this.#numbering, this);
    for (const span of formulas) showSource(span);
    return formulas;
  }

  /** Shows the formulas as their source and has them typeset again. */
  typesetAgain() {
    if (!this.#isBuilt) return;
    const formulas = formulasIn(this);
    for (const span of formulas) showSource(span);
    if (formulas.length > 0) this.setAttribute('state', 'waiting');
    this.#start(formulas);
  }
}

/** Whether this task may still build blocks at once. */
function startEager() {
  if (eagerUntil > 0) return false;
  eagerUntil = performance.now() + EAGER;
  setTimeout(() => {
    eagerUntil = 0;
  });
  return true;
}

/** @param {MathText[]} blocks @returns {Steps} */
function* buildBlocks(blocks) {
  for (const block of blocks) {
    block.build();
    yield;
  }
}

/** @param {MathText[]} blocks @param {boolean} atOnce @returns {Steps} */
function* typesetBlocks(blocks, atOnce) {
  let failed = false;
  if (!isLoaded()) {
    yield load().catch((/** @type {Error} */ error) => {
      failed = true;
      console.warn(error.message);
    });
    if (isLoaded()) retryFailed();
  }
  const texts = blocks.map((block) => block.takeFormulas(atOnce ? Infinity : PORTION));
  if (isLoaded()) {
    yield* typeset(texts);
    prepareForPrinting();
  }
  for (const block of blocks) block.putFormulas(failed ? 'failed' : 'ready');
}

/** Texts for which MathJax could not be loaded wait again until they are near. */
function retryFailed() {
  for (const block of document.querySelectorAll('math-text[state="failed"]'))
    if (block instanceof MathText) block.typesetAgain();
}

/**
 * Typesets every formula of the page, near or not; a page's own Print command awaits it before it prints.
 * @param {{fonts?: boolean}} [options] whether to wait for the fonts that the formulas are drawn with, too
 * @returns {Promise<void>}
 */
export async function typesetAll({ fonts = true } = {}) {
  await toBuild.finish();
  await toTypeset.finish();
  if (fonts) await document.fonts.ready;
}

window.addEventListener('beforeprint', () => {
  toBuild.finishNow();
  if (isLoaded()) toTypeset.finishNow();
  readyForPaper(document);
});

window.addEventListener('online', retryFailed);

onSettingsChanged(() => {
  forgetDrawings();
  for (const block of document.querySelectorAll('math-text'))
    if (block instanceof MathText) block.typesetAgain();
  release();
});

serveMenus(document);
copyAsSource(document);
customElements.define('math-text', MathText);
