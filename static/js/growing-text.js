/**
 * A text that arrives in chunks. What is finished is rendered once and not touched again, but for a block whose link
 * is defined only later; the open end is plain and guarded until the stream pauses. It typesets nothing.
 */

import { buildLatex, buildMarkdown } from './document-fragment.js';
import { formulasIn, guardedSpan } from './formula.js';
import { BlockCutter, endsEmpty, inLooseList, referencesIn } from './markdown-blocks.js';

/** @typedef {import('./markdown.js').Links} Links */
/**
 * A list whose items come one after the other: its element, what has been made of it, and whether it is a loose one.
 * @typedef {{element: Element, blocks: Shown[], loose: boolean}} OpenList
 */
/**
 * A block, whether text follows it, and what stands for it on the page. `items` lie in its `list`, if it has items of
 * one; `nodes` beside it; `loose` tells how the items were shown.
 * @typedef {{source: string, goesOn: boolean, nodes: Node[], list: OpenList | null, items: Node[], loose: boolean}} Shown
 */

/** Cuts nothing: titles and abstracts are short, and a brace may close at their very end. */
class Uncut {
  tail = { source: '', goesOn: false };
  /** @param {string} chunk @returns {{source: string, goesOn: boolean}[]} */
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
  /** The open end as it is shown where the stream has paused before, and whether that made its list a loose one. @type {{block: Shown, loosened: boolean} | null} */
  #pausedEnd = null;
  /** The list that a further item may carry on. @type {OpenList | null} */
  #list = null;
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
    for (const { source, goesOn } of finished) {
      const { block, links } = this.#add(source, true, goesOn ? this.#list : null);
      this.#links = links;
      this.#list = block.nodes.some((node) => node instanceof Element) ? null : block.list;
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
    const { source, goesOn } = this.cutter.tail;
    const wasLoose = this.#list?.loose;
    const { block, links } = this.#add(source, false, goesOn ? this.#list : null);
    this.#pausedEnd = { block, loosened: block.list === this.#list && block.list?.loose !== wasLoose };
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
    const { block, loosened } = this.#pausedEnd ?? {};
    this.#pausedEnd = null;
    if (!block) return;
    for (const node of [...block.items, ...block.nodes]) node.parentNode?.removeChild(node);
    block.list?.blocks.pop();
    if (block.list?.blocks.length === 0) block.list.element.remove();
    else if (block.list && loosened) this.#setLoose(block.list, false);
  }

  /** Shows a new block, in the list that it carries on or by itself. @param {string} source @param {boolean} goesOn @param {OpenList | null} list */
  #add(source, goesOn, list) {
    /** @type {Shown} */
    const block = { source, goesOn, nodes: [], list, items: [], loose: false };
    if (list) {
      if (endsEmpty(list.blocks.at(-1)?.source ?? '')) this.#setLoose(list, true);
      list.blocks.push(block);
    }
    return { block, links: this.#show(block, this.#links) };
  }

  /** Renders a block in its place. @param {Shown} block @param {Links} known @returns {Links} */
  #show(block, known) {
    const { list } = block;
    const asLoose = list?.loose ?? false;
    const { fragment, links, loose } = this.#build(block, asLoose, known);
    const first = fragment.firstElementChild;
    const shownList = first?.matches('ol, ul') ? first : null;
    if (asLoose) shownList?.firstElementChild?.remove();
    this.#formulas.push(...formulasIn(fragment));
    block.loose = loose;
    if (list) {
      block.items = replace(block.items, shownList ? [...shownList.childNodes] : [], list.element, null);
      shownList?.remove();
    } else if (shownList) {
      block.items = [...shownList.childNodes];
      block.list = { element: shownList, blocks: [block], loose };
    }
    const nodes = [...fragment.childNodes];
    replace(block.nodes, nodes, this.host, this.#end);
    block.nodes = nodes.filter((node) => node !== block.list?.element);
    if (list && loose) this.#setLoose(list, true);
    return links;
  }

  /** @param {Shown} block @param {boolean} asLoose @param {Links} known */
  #build({ source, goesOn }, asLoose, known) {
    return this.format === 'markdown'
      ? buildMarkdown(asLoose ? inLooseList(source) : source, known, goesOn)
      : { fragment: buildLatex(source), links: known, loose: false };
  }

  /** What was shown of a list before it turned out to be a loose one is shown again. @param {OpenList} list @param {boolean} loose */
  #setLoose(list, loose) {
    if (list.loose === loose) return;
    list.loose = loose;
    for (const block of list.blocks) if (block.loose !== loose) this.#show(block, this.#shownLinks);
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
