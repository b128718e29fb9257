/**
 * Finds what surrounds the mathematics of a text: stretches where a dollar or a bracket is never a delimiter (code,
 * HTML tags, addresses) and the places that no formula reaches across. What it overlooks in Markdown is mended when
 * the page is built, since a placeholder that fell into code gives its source back.
 */

import { isProseLine } from './likely-math.js';
import { OutlineReader, matchAt } from './markdown-outline.js';

/**
 * `code`: no formula reaches into it or across it. `closes`: formulas from before it may end in it (indented lines).
 * @typedef {{start: number, end: number, code: boolean, closes: boolean}} Opaque
 */
/**
 * `breaks`: where inline formulas end at the latest; `barriers`: where displays do, of which a closing delimiter may
 * still stand at the very place. Positions of lines' starts, or of the line break before them.
 * `fences`: the fences called math, whose contents are displays.
 * @typedef {{start: number, end: number, content: number, last: number}} Fence
 * @typedef {{opaque: Opaque[], breaks: number[], barriers: number[], lines: number[], quotes: number[], fences: Fence[]}} Surroundings
 */

const ADDRESS =
  /(?:https?:\/\/|www\.)(?:[,;:!.](?!\$)|[#-'*+\-/-9=?-[\]_a-z~])+(?:\([!#-'*-;=?-[\]_a-z~]*\)(?:[,;:!.](?!\$)|[#-'*+\-/-9=?-[\]_a-z~])*)*/y;
const TAG =
  /<\/?[A-Za-z][A-Za-z0-9-]*(?:\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*\s*\/?>/y;
const CODE_TAG = /<(code|pre|kbd|samp|tt|script|style|textarea)(?=[\s>])/iy;
const DESTINATION = /\]\([^\s()<>$]*\$[^\s()<>]*(?:\s+"[^"\n]*")?\)/y;
/** A display's delimiter alone on its line; between two of these a `>` is not a quote. */
const DISPLAY_EDGE = /^[ \t>]*(\$\$|\\[[\]])[ \t]*$/;
const MATH_FENCE = /^[^`~]*(?:`{3,}|~{3,})[ \t]*math(?:[ \t].*)?$/;
const TEX_ADDRESS = /\\(?:url|href|nolinkurl)\s*\{[^{}]*\}/g;

/**
 * @param {string} source
 * @param {'latex' | 'markdown'} format
 * @returns {Surroundings}
 */
export function surroundings(source, format) {
  return format === 'markdown' ? ofMarkdown(source) : ofLatex(source);
}

/** @param {string} source @returns {Surroundings} */
function ofLatex(source) {
  /** @type {Surroundings} */
  const found = { opaque: [], breaks: [], barriers: [], lines: [], quotes: [], fences: [] };
  for (const match of source.matchAll(TEX_ADDRESS))
    found.opaque.push({ start: match.index, end: match.index + match[0].length, code: false, closes: false });
  let blank = false;
  for (const { line, start } of eachLine(source)) {
    found.lines.push(start);
    if (blank && isProseLine(line)) found.barriers.push(start);
    blank = line.trim() === '';
    if (blank) found.breaks.push(start);
  }
  return found;
}

/** @param {string} source @returns {Surroundings} */
function ofMarkdown(source) {
  /** @type {Surroundings} */
  const found = { opaque: [], breaks: [], barriers: [], lines: [], quotes: [], fences: [] };
  /** @type {Fence | null} */
  let fence = null;
  const reader = new OutlineReader();
  const inline = new InlineReader(source, found.opaque);
  let from = 0;
  let before = 'blank';
  let depth = 0;
  let inDisplay = false;
  for (const { line, start, end } of eachLine(source)) {
    const wasInside = reader.isInside;
    const { kind, joins, quote } = reader.read(line);
    if (kind === 'fence' && fence && !reader.isInside && wasInside)
      found.fences.push({ ...fence, last: start, end: start + line.trimEnd().length });
    if (kind !== 'fence' || !reader.isInside) fence = null;
    else if (!wasInside && MATH_FENCE.test(line))
      fence = { start: start + line.search(/`{3}|~{3}/), content: end, last: end, end };
    found.lines.push(start);
    found.quotes.push(quote);
    const block = kind === 'fence' || kind === 'raw' || kind === 'indented';
    if (!joins) {
      inline.read(from, start);
      from = start;
      found.breaks.push(start);
    }
    if (before === 'heading') found.barriers.push(start - 1);
    else if (kind === 'fence' || kind === 'raw' || kind === 'heading' || (quote > depth && !inDisplay))
      found.barriers.push(start);
    else if (before === 'blank' && kind === 'text' && (quote < depth || isProseLine(line)))
      found.barriers.push(start);
    if (block) {
      extend(found.opaque, { start, end, code: kind !== 'indented', closes: kind === 'indented' });
      from = end;
    }
    const edge = DISPLAY_EDGE.exec(line)?.[1];
    inDisplay = kind !== 'blank' && (edge === '$$' ? !inDisplay : edge ? edge === '\\[' : inDisplay);
    before = kind;
    depth = quote;
  }
  inline.read(from, source.length);
  return found;
}

/** @param {Opaque[]} opaque @param {Opaque} line */
function extend(opaque, line) {
  const last = opaque[opaque.length - 1];
  if (last && last.end === line.start && last.closes === line.closes && last.code === line.code)
    last.end = line.end;
  else opaque.push(line);
}

/** @param {string} source @returns {Generator<{line: string, start: number, end: number}>} */
function* eachLine(source) {
  for (let start = 0; start < source.length;) {
    const newline = source.indexOf('\n', start);
    const stop = newline < 0 ? source.length : newline;
    const end = newline < 0 ? source.length : newline + 1;
    yield { line: source.slice(start, stop), start, end };
    start = end;
  }
}

/** Finds code spans, tags and addresses in the text of one paragraph after the other. */
class InlineReader {
  /** @type {Map<string, number>} for what closes a stretch, from where on there is none */
  #none = new Map();
  /** Where the next character stands that may start a stretch. */
  #next = 0;

  /** @param {string} source @param {Opaque[]} opaque */
  constructor(source, opaque) {
    this.source = source;
    this.opaque = opaque;
  }

  /** @param {number} from @param {number} to */
  read(from, to) {
    const { source } = this;
    /** @type {Map<number, number>} */
    const runs = new Map();
    if (this.#next < from) this.#seek(from);
    while (this.#next < to) {
      const at = this.#next;
      const character = source[at];
      if (character === '\\') this.#seek(at + 2);
      else this.#seek(character === '`' ? this.#codeSpan(at, to, runs) : this.#stretch(character, at, to));
    }
  }

  /** @param {number} from */
  #seek(from) {
    const next = /[\\`<\]hw]/g;
    next.lastIndex = from;
    this.#next = next.exec(this.source)?.index ?? this.source.length;
  }

  /** @param {string} character @param {number} at @param {number} to @returns {number} where to read on */
  #stretch(character, at, to) {
    const { source } = this;
    if (character === '<') {
      const comment = source.startsWith('<!--', at);
      const tag = comment ? null : matchAt(CODE_TAG, source, at);
      const end = comment
        ? this.#find('-->', at, to)
        : tag
          ? this.#find(`</${tag[1].toLowerCase()}>`, at, to)
          : -1;
      // A formula may hold what looks like one: `$a <script>b</script> c$`.
      if (end > 0) return this.#add(at, end, false);
    }
    const pattern = character === '<' ? TAG : character === ']' ? DESTINATION : ADDRESS;
    const match = matchAt(pattern, source, at);
    return match && at + match[0].length <= to ? this.#add(at, at + match[0].length, false) : at + 1;
  }

  /** @param {number} start @param {number} end @param {boolean} code */
  #add(start, end, code) {
    this.opaque.push({ start, end, code, closes: false });
    return end;
  }

  /** @param {string} closer @param {number} from @param {number} to @returns {number} the end of the next one, or -1 */
  #find(closer, from, to) {
    if (from >= (this.#none.get(closer) ?? Infinity)) return -1;
    const at = this.source.indexOf(closer, from);
    if (at < 0) this.#none.set(closer, from);
    return at < 0 || at + closer.length > to ? -1 : at + closer.length;
  }

  /** @param {number} at @param {number} to @param {Map<number, number>} runs for a length, from where on no run has it */
  #codeSpan(at, to, runs) {
    const { source } = this;
    const opening = this.#run(at);
    const from = at + opening;
    if (from >= (runs.get(opening) ?? Infinity)) return from;
    for (let next = source.indexOf('`', from); next >= 0 && next < to;) {
      const length = this.#run(next);
      // Dollars around a code span make mathematics of it, as on GitHub.
      if (length === 1 && opening === 1 && this.#isInDollars(at, next)) return next + 1;
      if (length === opening) return this.#add(at, next + length, true);
      next = source.indexOf('`', next + length);
    }
    runs.set(opening, from);
    return from;
  }

  /** @param {number} at @param {number} last where the backticks stand */
  #isInDollars(at, last) {
    const { source } = this;
    if (source[at - 1] !== '$' || source[last + 1] !== '$' || last === at + 1) return false;
    return source[at - 2] !== '\\' && source[at - 2] !== '$' && !/(?<!\\)\$/.test(source.slice(at + 1, last));
  }

  /** @param {number} at */
  #run(at) {
    let length = 1;
    while (this.source[at + length] === '`') length += 1;
    return length;
  }
}
