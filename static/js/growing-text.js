/**
 * A text that arrives in chunks. What is finished is rendered once and not touched again, but for a block whose link
 * is defined only later; the open end is plain and guarded until the stream pauses. It typesets nothing.
 */

import { buildLatex, buildMarkdown } from './document-fragment.js';
import { formulasIn, guardedSpan } from './formula.js';
import { BlockCutter, referencesIn } from './markdown-blocks.js';

/** @typedef {import('./markdown.js').Links} Links */
/** @typedef {{source: string, goesOn: boolean, nodes: Node[]}} Shown a block, whether text follows it, and what stands for it on the page */

/** Cuts nothing: titles and abstracts are short, and a brace may close at their very end. */
class Uncut {
  tail = { source: '' };
  /** @param {string} chunk @returns {{source: string}[]} */
  append(chunk) {
    this.tail.source += chunk;
    return [];
  }
}

export class GrowingText {
  /** Definitions of finished blocks. @type {Links} */
  #links = Object.create(null);
  /** The same with those of the open end, as they look so far: what is shown now. @type {Links} */
  #shownLinks = this.#links;
  /** Blocks by the label of a link that they may refer to. @type {Map<string, Set<Shown>>} */
  #referring = new Map();
  /** Formulas that nobody has been told of. @type {HTMLElement[]} */
  #formulas = [];
  /** What the open end looks like, where the stream has paused before. @type {Node[]} */
  #pausedEnd = [];
  #open = guardedSpan('');
  #openText = new Text();

  /**
   * @param {HTMLElement} host whose content this is from now on
   * @param {'latex' | 'markdown'} format
   */
  constructor(host, format) {
    this.host = host;
    this.format = format;
    this.cutter = format === 'markdown' ? new BlockCutter() : new Uncut();
    this.#open.classList.add('open');
    this.#open.append(this.#openText);
    host.replaceChildren();
  }

  /**
   * @param {string} chunk
   * @returns {HTMLElement[]} the formulas that have come onto the page
   */
  append(chunk) {
    const finished = this.cutter.append(chunk);
    if (this.#open.parentNode !== this.host) this.host.insertBefore(this.#open, null);
    if (finished.length === 0) {
      this.#openText.appendData(chunk);
      return [];
    }
    this.#removeEnd();
    for (const { source } of finished) {
      /** @type {Shown} */
      const block = { source, goesOn: true, nodes: [] };
      this.#links = this.#show(block, this.#links);
      for (const label of referencesIn(source)) {
        if (!this.#referring.has(label)) this.#referring.set(label, new Set());
        this.#referring.get(label)?.add(block);
      }
      this.#showLinks(this.#links);
    }
    this.#openText.data = this.cutter.tail.source;
    return this.#takeFormulas();
  }

  /**
   * The stream pauses, and may have ended: the open end is shown as if it had.
   * @returns {HTMLElement[]} the formulas that have come onto the page
   */
  pause() {
    this.#removeEnd();
    /** @type {Shown} */
    const end = { source: this.cutter.tail.source, goesOn: false, nodes: [] };
    const links = this.#show(end, this.#links);
    this.#pausedEnd = end.nodes;
    this.#openText.data = '';
    this.#open.remove();
    this.#showLinks(links);
    return this.#takeFormulas();
  }

  #takeFormulas() {
    const formulas = this.#formulas;
    this.#formulas = [];
    return formulas;
  }

  /** Before what a new block goes: the open end, if there is one. */
  get #end() {
    return this.#open.parentNode === this.host ? this.#open : null;
  }

  #removeEnd() {
    for (const node of this.#pausedEnd) node.parentNode?.removeChild(node);
    this.#pausedEnd = [];
  }

  /** Renders a block in its place. @param {Shown} block @param {Links} known @returns {Links} */
  #show(block, known) {
    const { fragment, links } =
      this.format === 'markdown'
        ? buildMarkdown(block.source, known, block.goesOn)
        : { fragment: buildLatex(block.source), links: known };
    const old = block.nodes;
    const place = old.find((node) => node.parentNode === this.host) ?? this.#end;
    block.nodes = [...fragment.childNodes];
    this.#formulas.push(...formulasIn(fragment));
    this.host.insertBefore(fragment, place);
    for (const node of old) node.parentNode?.removeChild(node);
    return links;
  }

  /** Shows again the blocks that refer to what these links define or define otherwise. @param {Links} links */
  #showLinks(links) {
    const before = this.#shownLinks;
    this.#shownLinks = links;
    /** @type {Set<Shown>} */
    const changed = new Set();
    for (const label of Object.keys({ ...before, ...links })) {
      if (isSame(before[label], links[label])) continue;
      for (const block of this.#referring.get(label) ?? []) changed.add(block);
    }
    for (const block of changed) this.#show(block, links);
  }
}

/** @param {Links[string] | undefined} one @param {Links[string] | undefined} other */
const isSame = (one, other) => one?.href === other?.href && one?.title === other?.title;
