/**
 * Cuts a growing Markdown text into top-level blocks, and lists into their items, tables into their rows, quotes into
 * the blocks in them, so that a page renders each once. It does not render, and a block that it has handed out never
 * changes; only a link that it refers to may be defined later, and an item may turn out to belong to a loose list.
 */

import { OutlineReader, itemKind } from './markdown-outline.js';
import { isProseLine } from './likely-math.js';
import { isTableHead } from './markdown.js';
import { openDisplay } from './tex-scanner.js';

/**
 * A stretch of the text; blocks put together are the text. `goesOn`: it starts with an item, a row or a part that
 * carries on the list, table or quote at the end of the block before. `head`: what it has to be read after, the head of
 * the table that its rows belong to.
 * @typedef {{source: string, start: number, end: number, goesOn: boolean, head: string}} Block
 */

/** Containers of raw HTML that people write around Markdown; a block does not end within one. */
const CONTAINER =
  /<(\/?)(?:details|div|section|article|aside|table|figure|center|blockquote|ul|ol|dl)(?=[\s>/])/gi;
const BLOCK_TAG = /^[ \t>]*</;
const ROW = /^ {0,3}\|/;
const DELIMITERS = /^ {0,3}\|[ \t|:-]*$/;
/** Escaped characters and what follows them, which begin no label, or a label in brackets. */
const REFERENCE = /(?:\\[^][^[\\]{0,99}){1,999}|\[((?:[^[\]\\]|\\.){1,999})\]/g;
/** Enough of a line to see how it starts. */
const ENOUGH = 16;

/** Takes a text in chunks of any size; where it cuts does not depend on the chunks. */
export class BlockCutter {
  #outline = new OutlineReader();
  /** @type {string[]} whole lines of the open block */
  #lines = [];
  /** @type {string[]} pieces of the last line, whose end has not come */
  #pieces = [];
  #head = '';
  #start = 0;
  #length = 0;
  /** @type {string[]} the paragraph being read */
  #paragraph = [];
  /** The display formula that may be open, from its delimiter on, in pieces. @type {string[]} */
  #display = [];
  /** What would close it, or ''. */
  #closer = '';
  #containers = 0;
  #before = { blank: true, ends: false, blankInQuote: false };
  /** Whether the quote that is open may be cut: no HTML in it reaches over its blocks. */
  #isPlainQuote = true;
  /** The head of the table that the last lines belong to, or '', and how many rows of it the open block has. */
  #table = { head: '', rows: 0 };
  /** How the open block begins. */
  #begins = { goesOn: false, head: '' };
  #decided = false;

  /**
   * Adds a chunk and gives the blocks that it finished.
   * @param {string} chunk
   * @returns {Block[]}
   */
  append(chunk) {
    /** @type {Block[]} */
    const blocks = [];
    for (let from = 0; from < chunk.length;) {
      const newline = chunk.indexOf('\n', from);
      const piece = chunk.slice(from, newline < 0 ? chunk.length : newline + 1);
      this.#pieces.push(piece);
      if (this.#head.length < ENOUGH) this.#head += piece.slice(0, ENOUGH);
      if (!this.#decided && (newline >= 0 || this.#startsPlainly())) this.#decide(newline >= 0, blocks);
      if (newline >= 0) this.#readLine();
      from += piece.length;
    }
    return blocks;
  }

  /** The open rest of the text, which may still change. @returns {Block} */
  get tail() {
    const source = this.#lines.join('') + this.#pieces.join('');
    return { source, start: this.#start, end: this.#start + source.length, ...this.#begins };
  }

  /** Whether the line being read already shows that it belongs to no formula, and whether it is an item or a row. */
  #startsPlainly() {
    if (this.#closer !== '') return false;
    if (this.#table.head !== '' && ROW.test(this.#head)) return true;
    return /^ {0,3}(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?[^\s\-*+\d<>#$\\[`~_=|:]/.test(this.#head);
  }

  /** @param {boolean} whole @param {Block[]} blocks */
  #decide(whole, blocks) {
    this.#decided = true;
    const line = whole ? this.#pieces.join('').trimEnd() : this.#head;
    if (line.trim() === '' || this.#length === 0) return;
    if (this.#startsItem(line))
      blocks.push(this.#cut(this.#outline.isInList && itemKind(line) === this.#outline.marker));
    else if (this.#startsRow(line)) blocks.push(this.#cut(true, this.#table.head));
    else if (this.#mayCutInQuote(line)) blocks.push(this.#cut(true));
    else if (this.#mayCutBefore(line)) blocks.push(this.#cut(false));
  }

  /** Whether a line starts a further row of a table. @param {string} line */
  #startsRow(line) {
    if (this.#containers > 0 || this.#table.rows === 0 || !ROW.test(line)) return false;
    this.#endParagraph(false);
    return this.#closer === '';
  }

  /** Whether a block of a quote starts with a line. @param {string} line */
  #mayCutInQuote(line) {
    if (this.#containers > 0 || this.#closer !== '' || !this.#isPlainQuote) return false;
    return this.#before.blankInQuote && this.#outline.mayEndInQuoteBefore(line);
  }

  /** @param {string} line */
  #startsItem(line) {
    if (this.#containers > 0 || !this.#outline.startsItem(line)) return false;
    this.#endParagraph(false);
    return this.#closer === '';
  }

  /** @param {string} line */
  #mayCutBefore(line) {
    if (this.#containers > 0 || !this.#outline.mayEndBefore(line)) return false;
    const heading = /^ {0,3}#{1,6}(?:[ \t]|$)/.test(line);
    if (!this.#before.blank && !this.#before.ends && !heading) return false;
    if (this.#closer === '' || heading) return true;
    return this.#before.blank && isProseLine(line) && !/^(?:\$\$|\\\]|\\end\{)/.test(line);
  }

  /** @param {boolean} goesOn whether what follows carries this on @param {string} [head] of its table @returns {Block} */
  #cut(goesOn, head = '') {
    const source = this.#lines.join('');
    const block = { source, start: this.#start, end: this.#start + source.length, ...this.#begins };
    this.#start = block.end;
    this.#begins = { goesOn, head };
    this.#table = { head, rows: 0 };
    this.#lines = [];
    this.#length = 0;
    this.#paragraph = [];
    this.#display = [];
    this.#closer = '';
    return block;
  }

  /** Takes in the line whose end has come. */
  #readLine() {
    const line = this.#pieces.join('');
    this.#pieces = [];
    this.#head = '';
    this.#decided = false;
    this.#lines.push(line);
    this.#length += line.length;
    const text = line.replace(/\r?\n$/, '');
    const { kind, inList, marked, quote } = this.#outline.read(text);
    if (kind === 'text' || kind === 'heading') this.#readText(text);
    else this.#endParagraph();
    const nested = inList || marked || quote > 0;
    const blank = kind === 'blank';
    const ends = !nested && (kind === 'heading' || (kind === 'fence' && !this.#outline.isInside));
    if (quote === 0) this.#isPlainQuote = true;
    else if (BLOCK_TAG.test(text)) this.#isPlainQuote = false;
    this.#before = { blank: blank && quote === 0, ends, blankInQuote: blank && quote === 1 };
    this.#readRow(text, kind === 'text' && !nested && !this.#outline.isInside);
  }

  /** Sees whether a table begins or goes on with a line. @param {string} text @param {boolean} isPlain */
  #readRow(text, isPlain) {
    if (!isPlain || !ROW.test(text)) this.#table = { head: '', rows: 0 };
    else if (this.#table.head !== '') this.#table.rows += 1;
    else if (DELIMITERS.test(text)) {
      // A head is all that its block holds by then; a long block is not looked through again for each such line.
      const lines = this.#lines.length > 9 ? [] : this.#lines.filter((line) => line.trim() !== '');
      if (lines.length === 2 && ROW.test(lines[0]) && isTableHead(lines.join('')))
        this.#table.head = lines.join('');
    }
  }

  /** @param {string} text */
  #readText(text) {
    this.#paragraph.push(text);
    if (this.#containers > 0 || /^ {0,3}</.test(text))
      for (const [, slash] of text.matchAll(CONTAINER))
        this.#containers = Math.max(0, this.#containers + (slash ? -1 : 1));
  }

  /** Sees whether the paragraph that ended leaves a display formula open, or closes the one before it. @param {boolean} [apart] whether anything but text follows it */
  #endParagraph(apart = true) {
    const paragraph = this.#paragraph.join('\n');
    this.#paragraph = [];
    if (paragraph === '') return;
    this.#display.push(apart ? `${paragraph}\n` : paragraph);
    if (this.#closer !== '' && !paragraph.includes(this.#closer)) return;
    const text = this.#display.join('\n');
    const { at, closer } = openDisplay(text);
    this.#display = closer === '' ? [] : [text.slice(at)];
    this.#closer = closer;
  }
}

/** Whether an item ends with an empty line, which makes its list a loose one if another item follows. @param {string} source */
export const endsEmpty = (source) => /\n[ \t]*\r?\n[ \t\r\n]*$/.test(source.slice(-200));

/**
 * The labels that a text may refer to, written as Marked writes the labels of definitions.
 * @param {string} source
 * @returns {Set<string>}
 */
export function referencesIn(source) {
  return new Set(
    [...source.matchAll(REFERENCE)].flatMap(([, label]) =>
      label === undefined ? [] : [label.trim().replace(/\s+/g, ' ').toLowerCase()],
    ),
  );
}
