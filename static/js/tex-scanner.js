/**
 * Finds the mathematics in a text: `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and bare mathematical environments.
 * A pure function of the text; it draws nothing, and it does not read TeX beyond braces and environments.
 *
 * One pass writes down the delimiters, each with the brace group it stands in; a second one pairs them. Both are
 * linear: for each kind of delimiter the next one is known without searching.
 */

import { findOpaque } from './markdown-code.js';
import { isBracketMath, isDisplayMath, isDollarMath } from './dollars.js';

/** @typedef {{kind: 'prose', text: string, start: number, end: number}} ProseSegment */
/** @typedef {{kind: 'math', source: string, tex: string, display: boolean, start: number, end: number}} MathSegment */
/** @typedef {ProseSegment | MathSegment} Segment */
/** @typedef {{kind: '$' | '$$' | '\\(' | '\\)' | '\\[' | '\\]' | 'begin' | 'end', at: number, end: number, group: number, name: string}} Mark */

const ENVIRONMENTS = new Set(
  (
    'equation align alignat aligned alignedat flalign gather gathered multline multlined split eqnarray math ' +
    'displaymath array matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases dcases rcases numcases ' +
    'subequations CD darray empheq xalignat xxalignat'
  ).split(' '),
);
const TEXT_GROUP = /\\(?:text[a-z]*|[mhf]box|intertext|tag\*?)\s*$/;

/**
 * Cuts a text into prose and mathematics; the segments' source put together is the text itself.
 * @param {string} source
 * @param {'latex' | 'markdown'} format
 * @returns {Segment[]}
 */
export function scan(source, format) {
  const scanner = new Scanner(source, format);
  return scanner.segments();
}

/**
 * Where the text breaks off inside a formula: the position of its opening delimiter, or the text's length.
 * @param {string} source
 * @returns {number}
 */
export function pendingStart(source) {
  return new Scanner(source, 'markdown').pending();
}

class Scanner {
  /** @param {string} source @param {'latex' | 'markdown'} format */
  constructor(source, format) {
    this.source = source;
    this.format = format;
    this.opaque = format === 'markdown' ? findOpaque(source) : [];
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {number[]} ends of paragraphs */
    this.blanks = [];
    /** @type {{start: number, parent: number, text: boolean}[]} */
    this.groups = [{ start: 0, parent: -1, text: false }];
    this.#read();
    this.next = this.#linkMarks();
  }

  #read() {
    const { source, opaque } = this;
    for (const match of source.matchAll(/\n[ \t]*(?=\n)/g)) this.blanks.push(match.index);
    const pattern = /\\begin\{([A-Za-z]+)\*?\}|\\end\{([A-Za-z]+)\*?\}|\\[^]|\$+|[{}]/g;
    let region = 0;
    /** @type {number[]} */
    const open = [0];
    for (let match = pattern.exec(source); match; match = pattern.exec(source)) {
      const at = match.index;
      const end = at + match[0].length;
      while (region < opaque.length && opaque[region].end <= at) region += 1;
      if (region < opaque.length && opaque[region].start <= at) {
        pattern.lastIndex = opaque[region].end;
        continue;
      }
      const group = open[open.length - 1];
      const token = match[0];
      if (token === '{') {
        this.groups.push({
          start: at,
          parent: group,
          text: TEXT_GROUP.test(source.slice(Math.max(0, at - 14), at)),
        });
        open.push(this.groups.length - 1);
      } else if (token === '}') {
        if (open.length > 1) open.pop();
      } else if (token === '$' || token === '$$') this.marks.push({ kind: token, at, end, group, name: '' });
      else if (token === '\\(' || token === '\\)' || token === '\\[' || token === '\\]')
        this.marks.push({ kind: token, at, end, group, name: '' });
      else if (match[1] && ENVIRONMENTS.has(match[1]))
        this.marks.push({ kind: 'begin', at, end, group, name: token.slice(7, -1) });
      else if (match[2] && ENVIRONMENTS.has(match[2]))
        this.marks.push({ kind: 'end', at, end, group, name: token.slice(5, -1) });
    }
  }

  /** For each opening mark the index of the mark that would close it, or -1. */
  #linkMarks() {
    const next = new Int32Array(this.marks.length).fill(-1);
    /** @type {Map<string, number>} */
    const waiting = new Map();
    /** @type {Map<string, number[]>} */
    const environments = new Map();
    this.marks.forEach((mark, index) => {
      const { kind, group, name } = mark;
      if (kind === 'begin') environments.set(name, [...(environments.get(name) ?? []), index]);
      else if (kind === 'end') {
        const begin = environments.get(name)?.pop();
        if (begin !== undefined) next[begin] = index;
      } else {
        const opener = kind === '\\)' ? '\\(' : kind === '\\]' ? '\\[' : kind;
        const key = `${opener} ${group}`;
        const from = waiting.get(key);
        if (from !== undefined && (kind === '$' || kind === '$$' || kind !== opener)) next[from] = index;
        if (kind === opener) waiting.set(key, index);
        else waiting.delete(key);
      }
    });
    return next;
  }

  /** @returns {Segment[]} */
  segments() {
    const { source, marks } = this;
    /** @type {Segment[]} */
    const segments = [];
    let from = 0;
    for (let index = 0; index < marks.length; index += 1) {
      const formula = marks[index].at >= from ? this.#formula(index) : null;
      if (!formula) continue;
      if (formula.start > from)
        segments.push({
          kind: 'prose',
          text: source.slice(from, formula.start),
          start: from,
          end: formula.start,
        });
      segments.push(formula);
      from = formula.end;
    }
    if (from < source.length)
      segments.push({ kind: 'prose', text: source.slice(from), start: from, end: source.length });
    return segments;
  }

  /** @param {number} index @returns {MathSegment | null} */
  #formula(index) {
    const { source, marks, next, format } = this;
    const open = marks[index];
    if (open.kind === '\\)' || open.kind === '\\]' || open.kind === 'end') return null;
    if (open.kind === '$') return this.#dollars(index);
    const close = marks[next[index]];
    if (!close) return null;
    const display = open.kind !== '\\(';
    if (!display && this.#isBlankBetween(open.at, close.at)) return null;
    if (this.#isCodeBetween(open.at, close.end)) return null;
    const whole = open.kind === 'begin';
    const tex = whole ? source.slice(open.at, close.end) : source.slice(open.end, close.at);
    if (open.kind === '$$' && !isDisplayMath(tex)) return null;
    if (
      format === 'markdown' &&
      !whole &&
      open.kind !== '$$' &&
      !isBracketMath(tex, display, this.#isAlone(open.at, close.end))
    )
      return null;
    return this.#segment(open.at, close.end, tex, display);
  }

  /** @param {number} index @returns {MathSegment | null} */
  #dollars(index) {
    const { marks, next } = this;
    const open = marks[index];
    let plain = index + 1;
    while (plain < marks.length && marks[plain].kind !== '$' && marks[plain].kind !== '$$') plain += 1;
    const first = marks[plain];
    const same = marks[next[index]];
    for (const close of first && first.group !== open.group && this.groups[first.group].text
      ? [same, first]
      : [first]) {
      if (!close || this.#isBlankBetween(open.at, close.at) || this.#isCodeBetween(open.at, close.at))
        continue;
      const tex = this.source.slice(open.end, close.at);
      if (isDollarMath(tex, this.source[open.at - 1] ?? '', this.source[close.at + 1] ?? ''))
        return this.#segment(open.at, close.at + 1, tex, false);
    }
    return null;
  }

  /** @param {number} start @param {number} end @param {string} tex @param {boolean} display @returns {MathSegment} */
  #segment(start, end, tex, display) {
    const source = this.source.slice(start, end);
    if (this.format === 'markdown') {
      const quote = /^[ \t]*(?:>[ \t]?)+/.exec(
        this.source.slice(this.source.lastIndexOf('\n', start) + 1, start),
      );
      tex = (quote ? tex.replace(/\n[ \t]*(?:>[ \t]?)+/g, '\n') : tex).trim();
    }
    return { kind: 'math', source, tex, display, start, end };
  }

  /** @param {number} start @param {number} end */
  #isBlankBetween(start, end) {
    const at = lowerBound(this.blanks, start);
    return at < this.blanks.length && this.blanks[at] < end;
  }

  /** @param {number} start @param {number} end */
  #isCodeBetween(start, end) {
    return this.opaque.some((region) => region.code && region.start >= start && region.end <= end);
  }

  /** @param {number} start @param {number} end */
  #isAlone(start, end) {
    const { source } = this;
    const lineStart = source.lastIndexOf('\n', start) + 1;
    const newline = source.indexOf('\n', end);
    return (
      /^[\s>]*$/.test(source.slice(lineStart, start)) &&
      source.slice(end, newline < 0 ? source.length : newline).trim() === ''
    );
  }

  pending() {
    const { source, marks, blanks } = this;
    const last = blanks[blanks.length - 1] ?? 0;
    const done = this.segments().reduce((end, segment) => (segment.kind === 'math' ? segment.end : end), 0);
    const open = marks.find((mark) => mark.at >= Math.max(done, last) && this.#mayStayOpen(mark));
    return open ? open.at : source.length;
  }

  /** @param {Mark} mark */
  #mayStayOpen(mark) {
    if (mark.kind === '$$' || mark.kind === '\\[' || mark.kind === 'begin') return true;
    return (mark.kind === '$' || mark.kind === '\\(') && /[\\^_{=]/.test(this.source.slice(mark.end));
  }
}

/** @param {number[]} sorted @param {number} value @returns {number} the first index whose value is at least `value` */
function lowerBound(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
