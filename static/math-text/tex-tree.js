/**
 * The tree of a prose text while it is being read: nodes, and the groups and arguments that are still open. It reads
 * no source; a group that never closes gives back what opened it, so that nothing is lost.
 */

/** @typedef {'em' | 'strong' | 'code' | 'small-caps' | 'underline' | 'strike' | 'superscript' | 'subscript' | 'footnote' | 'cite'} Style */
/**
 * @typedef {{type: 'text', text: string}
 *   | {type: 'math', index: number}
 *   | {type: 'break'}
 *   | {type: 'definition', source: string}
 *   | {type: 'link', href: string, children: Node[]}
 *   | {type: Style, children: Node[]}} Node
 */
/** @typedef {{style: string, raw: string, children: Node[], code: boolean, href: string, switched: boolean, bare: boolean, inner: number}} Frame */

/** Deeper groups are left as braces, so that functions that walk the tree may be recursive. */
const DEPTH = 40;

export class ProseTree {
  /** @type {Frame[]} */
  #frames = [frame('root', '')];

  get frame() {
    return this.#frames[this.#frames.length - 1];
  }

  /** Whether one more group may open. */
  get isShallow() {
    return this.#frames.length <= DEPTH;
  }

  get isInLink() {
    return this.#frames.some((open) => open.style === 'link');
  }

  /** @param {string} text */
  text(text) {
    if (text === '') return;
    const { children } = this.frame;
    const last = children[children.length - 1];
    if (last?.type === 'text') last.text += text;
    else children.push({ type: 'text', text });
  }

  /** @param {readonly Node[]} nodes */
  append(nodes) {
    for (const node of nodes) {
      if (node.type === 'text') this.text(node.text);
      else this.frame.children.push(node);
    }
  }

  /**
   * Opens a group or an argument.
   * @param {string} style
   * @param {string} raw what stands in the source, should no closing brace come
   * @param {string} [href]
   */
  open(style, raw, href = '') {
    if (!this.isShallow) {
      this.frame.inner += 1;
      this.text(raw);
      return;
    }
    const code = this.frame.code || style === 'code';
    this.#frames.push({ ...frame(style, raw), code, href });
  }

  /** Closes what a brace closes, or shows the brace. */
  close() {
    const { frame } = this;
    if (frame.style === 'root' || frame.inner > 0) {
      frame.inner = Math.max(0, frame.inner - 1);
      this.text('}');
      return;
    }
    const { style, children, href, switched, bare } = this.#pop();
    if (style === 'group' && !switched && !isInvisible(children, bare)) {
      this.text('{');
      this.append(children);
      this.text('}');
    } else if (style === 'group' || style === 'plain') this.append(children);
    else if (style === 'link') this.append([{ type: 'link', href, children }]);
    else this.append([{ type: /** @type {Style} */ (style), children }]);
  }

  /** The whole tree; what is still open gives back its source. @returns {Node[]} */
  finish() {
    while (this.#frames.length > 1) {
      const open = this.#pop();
      this.text(open.raw);
      this.append(open.children);
    }
    return this.frame.children;
  }

  #pop() {
    return /** @type {Frame} */ (this.#frames.pop());
  }
}

/** @param {string} style @param {string} raw @returns {Frame} */
function frame(style, raw) {
  return { style, raw, children: [], code: false, href: '', switched: false, bare: false, inner: 0 };
}

/** Whether a group's braces are better hidden. @param {readonly Node[]} children @param {boolean} bare whether it holds one known macro alone */
function isInvisible(children, bare) {
  if (bare) return true;
  return children.length === 1 && children[0].type === 'text' && children[0].text === ',';
}
