/**
 * Reads Markdown line by line, as far as one must to know where code stands and where a paragraph ends: fences,
 * indented code, raw HTML, quotes, list items, headings. It builds no tree, and it sees one line at a time, so that a
 * text may still be growing.
 */

/**
 * What one line is. `joins`: it carries on the paragraph of the line before. `marked`: it starts a list item.
 * `inList`: a list is open before its own marker. `quote`: the number of `>` before it.
 * @typedef {{kind: 'blank' | 'text' | 'heading' | 'fence' | 'raw' | 'indented', joins: boolean, marked: boolean, inList: boolean, quote: number}} Line
 */
/** @typedef {{mark: string, quote: number, indent: number}} Fence */

const MARKERS_ON_A_LINE = 20;
const FENCE = /(?:(`{3,})[^`]*|(~{3,}).*)$/y;
const HEADING = /#{1,6}(?:[ \t]|$)/y;
const RULE = /([-*_])(?:[ \t]*\1){2,}[ \t]*$/y;
const MARKER = /(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/y;
const RAW = /<(?:(script|pre|style|textarea)(?=[\s>]|$)|(!--)|(\?)|(!\[CDATA\[))/iy;
const RAW_ENDS = [/<\/(?:script|pre|style|textarea)>/i, /-->/, /\?>/, /\]\]>/];

export class OutlineReader {
  /** @type {Fence | null} */
  #fence = null;
  /** @type {RegExp | null} where the raw HTML that is open ends */
  #raw = null;
  /** @type {number[]} the columns where the contents of the open list items start */
  #items = [];
  #quote = 0;
  #paragraph = false;

  /** Whether code or raw HTML is open, which the next line may carry on. */
  get isInside() {
    return this.#fence !== null || this.#raw !== null;
  }

  /** Whether a top-level block may end before this line; a line cut short may be given. @param {string} line */
  mayEndBefore(line) {
    if (this.isInside) return false;
    const indent = indentOf(line);
    if (this.#items.length === 0) return indent.columns < 4;
    const marked =
      matchAt(MARKER, line, indent.length) !== null && matchAt(RULE, line, indent.length) === null;
    return indent.columns < Math.min(4, this.#items[0]) && !marked;
  }

  /**
   * Takes the next line, without its line break.
   * @param {string} line
   * @returns {Line}
   */
  read(line) {
    if (this.#fence) {
      const inside = this.#readFenced(line, this.#fence);
      if (inside) return inside;
      this.#fence = null;
    }
    if (this.#raw) {
      if (this.#raw.test(line)) this.#raw = null;
      return this.#line('raw');
    }
    const { depth, at } = quotePrefix(line, Infinity);
    if (line.slice(at).trim() === '') return this.#blank(depth);
    return this.#readText(line, depth, at);
  }

  /** @param {Line['kind']} kind @param {Partial<Line>} [more] @returns {Line} */
  #line(kind, more = {}) {
    return { kind, joins: false, marked: false, inList: this.#items.length > 0, quote: this.#quote, ...more };
  }

  /** @param {string} line @param {Fence} fence @returns {Line | null} null where the fence ended with what holds it */
  #readFenced(line, fence) {
    const { depth, at } = quotePrefix(line, fence.quote);
    if (depth < fence.quote) return null;
    const rest = line.slice(at);
    if (rest.trim() !== '' && indentOf(rest).columns < fence.indent) return null;
    const text = rest.trim();
    if (text.startsWith(fence.mark) && isRun(text, fence.mark[0])) this.#fence = null;
    return this.#line('fence');
  }

  /** @param {number} depth */
  #blank(depth) {
    if (depth !== this.#quote) this.#items = [];
    this.#quote = depth;
    this.#paragraph = false;
    return this.#line('blank');
  }

  /** @param {string} line @param {number} depth @param {number} at */
  #readText(line, depth, at) {
    const lazy = this.#paragraph && depth < this.#quote;
    if (depth !== this.#quote && !lazy) {
      this.#items = [];
      this.#paragraph = false;
      this.#quote = depth;
    }
    const indent = indentOf(line, at);
    at += indent.length;
    const starts = startsBlock(line, at, this.#items.length > 0);
    while (this.#items.length > 0 && indent.columns < this.#items[this.#items.length - 1]) {
      if (this.#paragraph && !starts) break;
      this.#items.pop();
    }
    const inList = this.#items.length > 0;
    const relative = indent.columns - (this.#items[this.#items.length - 1] ?? 0);
    if (relative >= 4) return this.#paragraph ? this.#line('text', { joins: true }) : this.#line('indented');
    if (starts) this.#paragraph = false;
    const rest = this.#readMarkers(line, at, indent.columns);
    const marked = rest !== at;
    const more = { marked, inList, joins: this.#paragraph && !marked && !starts && line[at] !== '|' };
    return this.#readContent(line, rest, more);
  }

  /** @param {string} line @param {number} at @param {number} column */
  #readMarkers(line, at, column) {
    for (let count = 0; count < MARKERS_ON_A_LINE && !matchAt(RULE, line, at); count += 1) {
      const marker = matchAt(MARKER, line, at);
      if (!marker || (this.#paragraph && !mayInterrupt(marker[0], line, this.#items.length > 0))) return at;
      const space = indentOf(line, at + marker[0].length);
      const width =
        space.columns >= 1 && space.columns <= 4 && at + marker[0].length + space.length < line.length;
      column += marker[0].length + (width ? space.columns : 1);
      this.#items.push(column);
      this.#paragraph = false;
      at += marker[0].length + space.length;
    }
    return at;
  }

  /** @param {string} line @param {number} at @param {Partial<Line>} more @returns {Line} */
  #readContent(line, at, more) {
    const fence = matchAt(FENCE, line, at);
    if (fence) {
      this.#paragraph = false;
      const indent = this.#items[this.#items.length - 1] ?? 0;
      this.#fence = { mark: fence[1] ?? fence[2], quote: this.#quote, indent };
      return this.#line('fence', more);
    }
    const raw = matchAt(RAW, line, at);
    if (raw) {
      const end = RAW_ENDS[raw.slice(1).findIndex((group) => group !== undefined)];
      this.#paragraph = false;
      if (end.test(line.slice(at + raw[0].length))) return this.#line('text', more);
      this.#raw = end;
      return this.#line('raw', more);
    }
    const heading = matchAt(HEADING, line, at) !== null;
    this.#paragraph = !heading && matchAt(RULE, line, at) === null && at < line.length;
    return this.#line(heading ? 'heading' : 'text', more);
  }
}

/** Whether a block starts here that ends the paragraph before it. @param {string} line @param {number} at @param {boolean} inList */
function startsBlock(line, at, inList) {
  if ([FENCE, HEADING, RULE].some((pattern) => matchAt(pattern, line, at) !== null)) return true;
  const marker = matchAt(MARKER, line, at);
  return marker !== null && mayInterrupt(marker[0], line, inList);
}

/** A number other than 1, or an empty item, starts no list in the middle of a paragraph. @param {string} marker @param {string} line @param {boolean} inList */
function mayInterrupt(marker, line, inList) {
  return inList || (/^(?:[-+*]|1[.)])$/.test(marker) && !line.trimEnd().endsWith(marker));
}

/** @param {RegExp} pattern a sticky one @param {string} text @param {number} at */
export function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** @param {string} text @param {string} character */
function isRun(text, character) {
  for (let at = 0; at < text.length; at += 1) if (text[at] !== character) return false;
  return true;
}

/**
 * The `>` signs before a line's text.
 * @param {string} line
 * @param {number} most
 * @returns {{depth: number, at: number}} how many, and where the text begins
 */
export function quotePrefix(line, most) {
  let at = 0;
  let depth = 0;
  while (depth < most) {
    let next = at;
    while (next < at + 3 && line[next] === ' ') next += 1;
    if (line[next] !== '>') break;
    depth += 1;
    at = line[next + 1] === ' ' ? next + 2 : next + 1;
  }
  return { depth, at };
}

/** @param {string} line @param {number} [at] @returns {{length: number, columns: number}} characters and columns of the white space */
function indentOf(line, at = 0) {
  let columns = 0;
  let length = 0;
  for (; line[at + length] === ' ' || line[at + length] === '\t'; length += 1)
    columns += line[at + length] === '\t' ? 4 - (columns % 4) : 1;
  return { length, columns };
}
