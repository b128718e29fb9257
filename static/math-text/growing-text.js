/**
 * A text that arrives in chunks. What is finished is rendered once and not touched again, but for a block whose link or
 * footnote is defined only later; the open end is plain and guarded until the stream pauses, and footnotes are numbered
 * then. It typesets nothing.
 */

import { buildLatex, buildMarkdown } from './document-fragment.js';
import { Footnotes } from './footnotes.js';
import { formulasIn, guardedSpan } from './formula.js';
import { rowsChanged } from './long-table.js';
import { BlockCutter, endsEmpty, referencesIn } from './markdown-blocks.js';
import { Parts } from './bounded-children.js';

/** @typedef {import('./markdown.js').Links} Links */
/** @typedef {Pick<import('./markdown-blocks.js').Block, 'source' | 'goesOn' | 'head'>} Block */
/**
 * A list, table or quote whose items, rows or blocks come one after the other: its element, what holds these, the blocks
 * that they come from, and whether it is a loose list.
 * @typedef {{element: Element, parts: Parts, blocks: Shown[], loose: boolean}} Whole
 */
/**
 * A block, whether text follows it, and what stands for it on the page: nodes in a whole that it `carries` on, nodes in
 * one that it `begins` and the next block may carry on, and other nodes. `isLoose`: how the items among them are shown.
 * `carriedTo` and `place`: the elements that the carried and the other nodes were put into.
 * @typedef {{block: Block, followed: boolean, carries: Whole | null, carriedTo: Element | null, carried: Node[], place: Element | null, nodes: Node[], begins: Whole | null, begun: Node[], isLoose: boolean}} Shown
 */

const BLOCKS = 400; // in all but the longest texts, the children of a text are its blocks
const LINES = 1000; // characters
const WHOLE = 'ul, ol, table, blockquote';

/** Cuts nothing: titles and abstracts are short, and a brace may close at their very end. */
class Uncut {
  tail = { source: '', goesOn: false, head: '' };
  /** @param {string} chunk @returns {Block[]} */
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
  /** Blocks by the label of a link or footnote that they may refer to. @type {Map<string, Set<Shown>>} */
  #referring = new Map();
  /** Formulas that no listener has heard of. @type {HTMLElement[]} */
  #formulas = [];
  /** The open end as it is shown where the stream has paused before, and whether that made its list a loose one. @type {{shown: Shown, loosened: boolean} | null} */
  #pausedEnd = null;
  /** What the next block may carry on. @type {Whole | null} */
  #whole = null;
  #open = guardedSpan('');
  /** The last lines of the open end. */
  #openText = new Text();

  /**
   * @param {HTMLElement} host whose content this is from now on
   * @param {'latex' | 'markdown'} format
   */
  constructor(host, format) {
    this.host = host;
    this.parts = new Parts(host, BLOCKS);
    this.format = format;
    this.notes = new Footnotes(host, (source, links) => buildMarkdown(source, links).fragment);
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
    if (finished.length > 0) this.#addFinished(finished);
    else this.#extendOpen(chunk);
    if (this.#open.parentNode !== this.host) this.host.insertBefore(this.#open, this.notes.shown);
    return this.#takeFormulas();
  }

  /** @param {Block[]} finished */
  #addFinished(finished) {
    this.#open.remove(); // what comes last changes the place of no other, which CSS counts
    this.#removeEnd();
    for (const block of finished) {
      const { shown, links } = this.#add(block, true);
      this.#links = links;
      this.#whole = shown.begins ?? (shown.nodes.length === 0 ? shown.carries : null);
      for (const label of referencesIn(block.source)) {
        if (!this.#referring.has(label)) this.#referring.set(label, new Set());
        this.#referring.get(label)?.add(shown);
      }
      this.#showLinks(this.#links);
    }
    this.#emptyOpen();
    this.#extendOpen(this.cutter.tail.source);
  }

  /** Adds to the open end, some lines in a box of their own, since a browser lays out again all of one that grows. @param {string} source */
  #extendOpen(source) {
    for (let from = 0; from < source.length;) {
      const newline = source.indexOf('\n', from + Math.max(0, LINES - this.#openText.length));
      const to = newline < 0 ? source.length : newline + 1;
      this.#openText.appendData(source.slice(from, to));
      from = to;
      if (newline >= 0) this.#boxLines();
    }
  }

  #boxLines() {
    const lines = document.createElement('span');
    this.#openText.replaceWith(lines);
    lines.append(this.#openText);
    this.#openText = new Text();
    this.#open.append(this.#openText);
  }

  #emptyOpen() {
    this.#openText = new Text();
    this.#open.replaceChildren(this.#openText);
  }

  /**
   * The stream pauses, and may have ended: the open end is shown as if it had.
   * @returns {HTMLElement[]} the formulas that have come onto the page
   */
  pause() {
    this.#open.remove();
    this.#emptyOpen();
    this.#removeEnd();
    const wasLoose = this.#whole?.loose;
    const { shown, links } = this.#add(this.cutter.tail, false);
    const loosened = shown.carries !== null && shown.carries.loose !== wasLoose;
    this.#pausedEnd = { shown, loosened };
    this.#showLinks(links);
    return [...this.#takeFormulas(), ...this.notes.show(links)];
  }

  #takeFormulas() {
    const formulas = this.#formulas;
    this.#formulas = [];
    return formulas;
  }

  #removeEnd() {
    const { shown, loosened } = this.#pausedEnd ?? {};
    this.#pausedEnd = null;
    if (!shown) return;
    const { carries, carriedTo, carried, place, nodes, begins } = shown;
    for (const node of [...carried, ...nodes].reverse()) node.parentNode?.removeChild(node); // the last one first, too
    begins?.element.remove();
    if (place) this.parts.takeBack();
    if (!carries) return;
    if (carriedTo) carries.parts.takeBack();
    carries.blocks.pop();
    countRows(carries);
    if (loosened) this.#setLoose(carries, false);
  }

  /** Shows a new block, with what it carries on or by itself. @param {Block} block @param {boolean} followed */
  #add(block, followed) {
    const carries = block.goesOn ? this.#whole : null;
    /** @type {Shown} */
    const shown = {
      block,
      followed,
      carries,
      carriedTo: null,
      carried: [],
      place: null,
      nodes: [],
      begins: null,
      begun: [],
      isLoose: false,
    };
    if (carries) {
      if (isList(carries.element) && endsEmpty(carries.blocks.at(-1)?.block.source ?? ''))
        this.#setLoose(carries, true);
      carries.blocks.push(shown);
      countRows(carries);
    }
    return { shown, links: this.#show(shown, this.#links) };
  }

  /** Renders a block in its place. @param {Shown} shown @param {Links} known @returns {Links} */
  #show(shown, known) {
    const { fragment, links, loose } = this.#build(shown, known);
    for (const formula of formulasIn(fragment)) this.#formulas.push(formula);
    shown.isLoose = loose;
    this.#carryOn(shown, fragment);
    this.#begin(shown, fragment);
    const nodes = [...fragment.childNodes];
    if (nodes.length > 0) shown.place ??= this.parts.next(this.notes.shown);
    if (shown.place)
      replace(shown.nodes, nodes, shown.place, shown.place === this.host ? this.notes.shown : null);
    shown.nodes = nodes.filter((node) => node !== shown.begins?.element);
    if (shown.carries && loose) this.#setLoose(shown.carries, true);
    return links;
  }

  /** Puts what carries on a whole to what it holds. @param {Shown} shown @param {DocumentFragment} fragment */
  #carryOn(shown, fragment) {
    const first = fragment.firstElementChild;
    if (!shown.carries || first?.tagName !== shown.carries.element.tagName) return;
    const nodes = [...holderOf(first).childNodes];
    if (isBlank(nodes[0])) nodes.shift();
    shown.carriedTo ??= shown.carries.parts.next();
    shown.carried = replace(shown.carried, nodes, shown.carriedTo, null);
    first.remove();
    if (fragment.childElementCount === 0 && isBlank(fragment)) fragment.replaceChildren();
  }

  /** Takes note of what the next block may carry on. @param {Shown} shown @param {DocumentFragment} fragment */
  #begin(shown, fragment) {
    const last = fragment.lastElementChild;
    if (!last?.matches(WHOLE)) return;
    if (isBlank(last.nextSibling)) last.nextSibling?.remove();
    if (last.nextSibling) return;
    if (isList(last) && (shown.carries || last !== fragment.firstElementChild)) return;
    const holder = holderOf(last);
    const nodes = [...holder.childNodes];
    if (shown.begins) {
      const { parts, element } = shown.begins;
      if (last instanceof HTMLTableElement && element instanceof HTMLTableElement) element.tHead = last.tHead;
      shown.begun = replace(shown.begun, nodes, parts.holder, parts.holder.firstChild);
      last.remove();
    } else {
      shown.begins = { element: last, parts: new Parts(holder), blocks: [shown], loose: shown.isLoose };
      shown.begun = nodes;
    }
  }

  /** @param {Shown} shown @param {Links} known */
  #build({ block, followed, carries, begins }, known) {
    return this.format === 'markdown'
      ? buildMarkdown(block.head + block.source, known, followed, (carries ?? begins)?.loose)
      : { fragment: buildLatex(block.source), links: known, loose: false };
  }

  /** What was shown of a list before it turned out to be a loose one is shown again. @param {Whole} list @param {boolean} loose */
  #setLoose(list, loose) {
    if (list.loose === loose) return;
    list.loose = loose;
    for (const shown of list.blocks) if (shown.isLoose !== loose) this.#show(shown, this.#shownLinks);
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

/** @param {Element} element */
const isList = (element) => element.matches('ul, ol');

/** @param {Whole} whole */
function countRows({ element, blocks }) {
  if (element instanceof HTMLTableElement)
    rowsChanged(element, blocks.length, (count) => blocks.slice(0, count).map(({ block }) => block.source));
}

/** The element whose children are the items, rows or blocks of a list, table or quote. @param {Element} whole */
const holderOf = (whole) => (whole instanceof HTMLTableElement && whole.tBodies[0]) || whole;

/** @param {Node | null | undefined} node */
const isBlank = (node) => node?.textContent?.trim() === '' && !(node instanceof Element);

/** Whether what refers to a label looks the same. @param {Links[string] | undefined} one @param {Links[string] | undefined} other */
const isSame = (one, other) =>
  one?.href === other?.href &&
  one?.title === other?.title &&
  (one?.note === undefined) === (other?.note === undefined);

/**
 * Puts nodes where others have been, or before `end` where none of these are left.
 * @param {Node[]} old
 * @param {Node[]} nodes
 * @param {Element} parent
 * @param {Node | null} end
 */
function replace(old, nodes, parent, end) {
  const place = old.find((node) => node.parentNode === parent) ?? end;
  for (const node of nodes) parent.insertBefore(node, place);
  for (const node of old) node.parentNode?.removeChild(node);
  return nodes;
}
