/**
 * A text that arrives in chunks. What is finished is rendered once and not touched again, but for a block whose link
 * is defined only later; the open end is plain and guarded until the stream pauses. It typesets nothing.
 */

import { buildLatex, buildMarkdown } from './document-fragment.js';
import { guardedSpan } from './formula.js';
import { BlockCutter, referencesIn } from './markdown-blocks.js';

/** @typedef {import('./markdown.js').Links} Links */
/** @typedef {{source: string, nodes: Node[]}} Shown a block and what stands for it on the page */

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
  /** @type {Links} */
  #links = Object.create(null);
  /** Blocks by the label of a link that they may refer to. @type {Map<string, Set<Shown>>} */
  #referring = new Map();
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

  /** @param {string} chunk */
  append(chunk) {
    const finished = this.cutter.append(chunk);
    if (this.#open.parentNode !== this.host) this.host.insertBefore(this.#open, null);
    if (finished.length === 0) {
      this.#openText.appendData(chunk);
      return;
    }
    this.#removeEnd();
    for (const { source } of finished) {
      /** @type {Shown} */
      const block = { source, nodes: [] };
      const links = this.#show(block);
      for (const label of referencesIn(source)) {
        if (!this.#referring.has(label)) this.#referring.set(label, new Set());
        this.#referring.get(label)?.add(block);
      }
      this.#define(links);
    }
    this.#openText.data = this.cutter.tail.source;
  }

  /** The stream pauses, and may have ended: the open end is shown as if it had. */
  pause() {
    this.#removeEnd();
    const end = { source: this.cutter.tail.source, nodes: /** @type {Node[]} */ ([]) };
    const links = this.#show(end);
    this.#pausedEnd = end.nodes;
    this.#openText.data = '';
    this.#open.remove();
    this.#define(links);
  }

  /** Before what a new block goes: the open end, if there is one. */
  get #end() {
    return this.#open.parentNode === this.host ? this.#open : null;
  }

  #removeEnd() {
    for (const node of this.#pausedEnd) node.parentNode?.removeChild(node);
    this.#pausedEnd = [];
  }

  /** Renders a block in its place. @param {Shown} block @returns {Links} */
  #show(block) {
    const { fragment, links } =
      this.format === 'markdown'
        ? buildMarkdown(block.source, this.#links)
        : { fragment: buildLatex(block.source), links: this.#links };
    const old = block.nodes;
    const place = old.find((node) => node.parentNode === this.host) ?? this.#end;
    block.nodes = [...fragment.childNodes];
    this.host.insertBefore(fragment, place);
    for (const node of old) node.parentNode?.removeChild(node);
    return links;
  }

  /** Shows again the blocks that refer to what these links define or define otherwise. @param {Links} links */
  #define(links) {
    /** @type {Set<Shown>} */
    const changed = new Set();
    for (const label of Object.keys({ ...this.#links, ...links })) {
      if (isSame(this.#links[label], links[label])) continue;
      for (const block of this.#referring.get(label) ?? []) changed.add(block);
    }
    this.#links = links;
    for (const block of changed) this.#show(block);
  }
}

/** @param {Links[string] | undefined} one @param {Links[string] | undefined} other */
const isSame = (one, other) => one?.href === other?.href && one?.title === other?.title;
