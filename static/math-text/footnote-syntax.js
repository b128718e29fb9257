/**
 * Footnotes in Markdown as GitHub reads them, for Marked: `[^label]` refers to a note, `[^label]: …` defines it, with
 * further paragraphs where they are indented by four. It numbers nothing and places nothing: a text is read a block at a
 * time, and its notes are numbered where all of it is known (footnotes.js).
 */

import { Lexer, Marked } from './libraries.js';
import { OutlineReader, matchAt } from './markdown-outline.js';

/** @typedef {import('./libraries.js').TokenizerThis} TokenizerThis */

const DEFINITION = / {0,3}\[\^([^\s\]]{1,999})\]:[ \t]*/y;
const REFERENCE = /\[\^([^\s\]]{1,999})\](?!\()/y;
/** Where a note may begin within a paragraph, or the paragraph's end. */
const IN_PARAGRAPH = /\n {0,3}\[\^[^\s\]]{1,999}\]:|\n[ \t]*\n/;
const INDENT = /^(?: {4}| {0,3}\t)/;

/** A lexer that takes footnotes in, those of its text and those known from elsewhere. */
export class FootnoteLexer extends Lexer {
  /**
   * @param {(label: string) => string} labelOf a label as it is looked up, from what Marked sees of it
   * @param {(label: string) => string} mark what stands in the HTML for a reference, by its source
   */
  constructor(labelOf, mark) {
    super(OPTIONS);
    this.labelOf = labelOf;
    this.mark = mark;
    /** The notes' Markdown by label. @type {Map<string, string>} */
    this.notes = new Map();
  }
}

/** @param {TokenizerThis} tokenizer */
const lexerOf = ({ lexer }) => /** @type {FootnoteLexer} */ (lexer);

/** @this {TokenizerThis} @param {string} source */
function definition(source) {
  const opening = matchAt(DEFINITION, source, 0);
  if (!opening) return undefined;
  const { notes, labelOf } = lexerOf(this);
  const label = labelOf(opening[1]);
  const { lines, length } = contents(source, opening[0].length);
  if (!notes.has(label)) notes.set(label, lines.join('\n'));
  return { type: 'footnote', raw: source.slice(0, length) };
}

/**
 * The lines of a note without their indent, and where it ends: it goes on over indented lines, and over others as far
 * as they carry on its paragraph.
 * @param {string} source
 * @param {number} from where its first line begins
 */
function contents(source, from) {
  const reader = new OutlineReader();
  const lines = [];
  let length = from;
  let blank = 0;
  for (let at = from; at < source.length;) {
    const newline = source.indexOf('\n', at);
    const line = source.slice(at, newline < 0 ? source.length : newline);
    const isIndented = at === from || INDENT.test(line);
    const next = newline < 0 ? source.length : newline + 1;
    if (at > from && line.trim() === '') {
      blank += 1;
      reader.read('');
    } else {
      const text = at === from ? line : line.replace(INDENT, '');
      if (!isIndented && (blank > 0 || matchAt(DEFINITION, line, 0))) break;
      const { joins } = reader.read(text);
      if (!isIndented && !joins) break;
      for (; blank > 0; blank -= 1) lines.push('');
      lines.push(text);
      length = next;
    }
    at = next;
  }
  return { lines, length };
}

/** @this {TokenizerThis} @param {string} source */
function reference(source) {
  const found = matchAt(REFERENCE, source, 0);
  const { notes, labelOf, mark, state } = lexerOf(this);
  if (!found || state.inLink || !notes.has(labelOf(found[1]))) return undefined;
  return { type: 'text', raw: found[0], text: mark(found[0]), escaped: true };
}

/** What Marked reads and writes with: its own rules, and footnotes, which leave nothing where they are defined. */
export const OPTIONS = new Marked({
  extensions: [
    {
      name: 'footnote',
      level: 'block',
      start(source) {
        const found = IN_PARAGRAPH.exec(source);
        return found?.[0].includes('[') ? found.index : undefined;
      },
      tokenizer: definition,
      renderer: () => '',
    },
    { name: 'footnoteReference', level: 'inline', tokenizer: reference },
  ],
}).defaults;
