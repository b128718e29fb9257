/**
 * Finds the mathematics in a text: `$…$`, `$$…$$`, `\(…\)`, `\[…\]` and bare mathematical environments.
 * A pure function of the text; it draws nothing, and it does not read TeX beyond braces and environments.
 *
 * One pass writes down the delimiters, each with the brace group it stands in; a second one pairs them. Both are
 * linear: for each delimiter the one that could close it is known without searching.
 */

import { Groups, Matches } from './forward-scan.js';
import { isBracketMath, isDisplayMath, isDollarMath, isUnfinishedMath } from './likely-math.js';
import { Marks } from './tex-marks.js';

/** @typedef {{kind: 'prose', text: string, start: number, end: number}} ProseSegment */
/** @typedef {{kind: 'math', source: string, tex: string, display: boolean, start: number, end: number}} MathSegment */
/** @typedef {ProseSegment | MathSegment} Segment */
/** @typedef {import('./tex-marks.js').Mark} Mark */
/** @typedef {{at: number, end: number}} Place */

const CLOSING = new Set(['\\)', '\\]', 'end']);
const BOXED = /\\boxed\s{0,9}\{/g;
/** A formula alone in its dollars or brackets. */
const DELIMITED = /^\{\s*(?:\$([^$]+)\$|\\\(((?:[^\\]|\\[^)])*)\\\))\s*\}$/;
const LONGEST_BOX = 2000;
/** What is longer is not a display formula. */
const LONGEST_DISPLAY = 20000;
/** A formula that is still open after so many characters is none. */
const UNFINISHED = { inline: 1000, display: LONGEST_DISPLAY };

/**
 * Cuts a text into prose and mathematics; the segments' source put together is the text itself. `tex` has no
 * delimiters, except that environments keep theirs; in Markdown it has no quote signs and no white space around it
 * either, which belong to the layout there.
 * @param {string} source
 * @param {'latex' | 'markdown'} format
 * @returns {Segment[]}
 * @example scan('let $x$', 'latex')[1] // {kind: 'math', source: '$x$', tex: 'x', display: false, start: 4, end: 7}
 */
export function scan(source, format) {
  return new Scanner(source, format).segments();
}

/**
 * The segments of a Markdown text, and where it breaks off inside a formula that more text may finish.
 * @param {string} source
 * @returns {{segments: Segment[], unfinished: number, around: import('./literal-text.js').Surroundings}} `unfinished`: the
 *   position of the open delimiter, or the text's length; `around`: where its code and its paragraphs are
 */
export function scanUnfinished(source) {
  const scanner = new Scanner(source, 'markdown');
  const segments = scanner.segments();
  return { segments, unfinished: scanner.unfinished(segments), around: scanner.around };
}

/**
 * Where a display formula is open that more text may close, and what would close it.
 * @param {string} text
 * @returns {{at: number, closer: string}} `closer` is '' where none is open
 */
export function openDisplay(text) {
  const scanner = new Scanner(text, 'markdown');
  return scanner.openDisplay(scanner.segments());
}

class Scanner {
  /** Stretches of `around.opaque` that lie before the boxes read so far. */
  #passed = 0;

  /** @param {string} source @param {'latex' | 'markdown'} format */
  constructor(source, format) {
    this.source = source;
    this.format = format;
    this.marks = new Marks(source, format);
    this.around = this.marks.around;
    this.boxes = new Matches(source, new RegExp(BOXED));
    this.groups = new Groups(source);
  }

  /** @returns {Segment[]} */
  segments() {
    const { source, marks } = this;
    /** @type {Segment[]} */
    const segments = [];
    let from = 0;
    let fence = 0;
    /** @param {number} to */
    const addFences = (to) => {
      for (const { fences } = this.around; fence < fences.length && fences[fence].start < to; fence += 1) {
        const { start, end, content, last } = fences[fence];
        if (start < from) continue;
        addProse(start);
        segments.push(
          this.#segment(start, end, this.#unquoted(`\n${source.slice(content, last)}`, start), true),
        );
        from = end;
      }
    };
    /** @param {number} to */
    const addProse = (to) => {
      for (const box of this.format === 'markdown' ? this.#boxes(from, to) : []) {
        if (box.start >= to) break;
        if (box.start > from) segments.push(prose(source, from, box.start));
        segments.push(box);
        from = box.end;
      }
      if (to > from) segments.push(prose(source, from, to));
      from = to;
    };
    for (let index = 0; index < marks.length; index += 1) {
      const formula = this.#formula(marks.get(index), from);
      if (!formula) continue;
      addFences(formula.start);
      addProse(formula.start);
      if (formula.start < from) continue; // in a box, which is a formula as a whole
      segments.push(formula);
      from = formula.end;
    }
    addFences(source.length);
    addProse(source.length);
    return segments;
  }

  /** Bare boxes in prose, as models end an answer. @param {number} from @param {number} to @returns {Generator<MathSegment>} */
  *#boxes(from, to) {
    const { source } = this;
    for (let match = this.boxes.from(from); match && match.index < to; match = this.boxes.from(from)) {
      const { index: start } = match;
      from = start + match[0].length;
      const opening = from - 1;
      const end = this.groups.endOf(from);
      if (end < 0 || end > opening + LONGEST_BOX || source[start - 1] === '\\') continue;
      if (!this.#isOneParagraph(start, end) || this.#isOpaque(start, end)) continue;
      const inner = DELIMITED.exec(source.slice(opening, end));
      const tex = inner ? `{${inner[1] ?? inner[2]}}` : source.slice(opening, end);
      if (end > to && !inner && /\$|\\[([]/.test(tex)) continue; // text with formulas in it
      yield this.#segment(start, end, this.#unquoted(source.slice(start, opening) + tex, start), false);
      from = end;
    }
  }

  /** Whether code, a tag or an address reaches into a stretch; stretches are asked for in order. @param {number} start @param {number} end */
  #isOpaque(start, end) {
    const { opaque } = this.around;
    while (this.#passed < opaque.length && opaque[this.#passed].end <= start) this.#passed += 1;
    return this.#passed < opaque.length && opaque[this.#passed].start < end;
  }

  /** @param {number} start @param {number} end */
  #isOneParagraph(start, end) {
    return !isBetween(this.around.breaks, start + 1, end);
  }

  /** The formula that a mark opens, if it does. @param {Mark} mark @param {number} from where the last formula ended */
  #formula(mark, from) {
    const half = mark.kind === '$$' && mark.at === from - 1;
    if (CLOSING.has(mark.kind) || (mark.at < from && !half)) return null;
    if (half) return this.#inline({ ...mark, kind: '$', at: from, next: mark.nextDollar, same: -1 });
    return mark.kind === '$' || mark.kind === '\\(' ? this.#inline(mark) : this.#display(mark);
  }

  /** @param {Mark} open @returns {MathSegment | null} */
  #inline(open) {
    const { source, marks, format } = this;
    for (const index of [open.same, open.next]) {
      if (index < 0) continue;
      const close = marks.get(index);
      if (!this.#reaches(open, close.at + 1, this.around.breaks)) continue;
      if (close.kind === '$$' && this.#leads(close.at)) continue; // it opens a display
      const end = open.kind === '$' ? close.at + 1 : close.end;
      const tex = this.#unquoted(source.slice(open.kind === '$' ? open.at + 1 : open.end, close.at), open.at);
      const [, inBackticks] = (format === 'markdown' && open.kind === '$' && /^`([^`]+)`$/.exec(tex)) || [];
      if (inBackticks) return this.#segment(open.at, end, inBackticks, false);
      const isMath =
        open.kind === '$'
          ? isDollarMath(tex, source[open.at - 1] ?? '', source[end] ?? '')
          : format === 'latex' ||
            (!this.#enumerates(tex, open.at, end) && isBracketMath(tex, false, false, ''));
      if (isMath) return this.#segment(open.at, end, tex, false);
    }
    return null;
  }

  /** @param {Mark} open @returns {MathSegment | null} */
  #display(open) {
    const { source, marks, format } = this;
    const whole = open.kind === 'begin';
    for (const index of [open.same, open.next]) {
      if (index < 0) continue;
      const close = marks.get(index);
      if (close.at - open.end > LONGEST_DISPLAY || !this.#reaches(open, close.at, this.around.barriers))
        continue;
      const tex = this.#unquoted(
        whole ? source.slice(open.at, close.end) : source.slice(open.end, close.at),
        open.at,
      );
      const alone = this.#isAlone(open.at, close.end);
      const isMath =
        whole ||
        (open.kind === '$$'
          ? isDisplayMath(tex)
          : format === 'latex' || isBracketMath(tex, true, alone, source[open.at - 1] ?? ''));
      if (isMath) return this.#segment(open.at, close.end, tex, true);
    }
    return null;
  }

  /** Whether neither code nor a place that formulas don't cross lies between. @param {Mark} open @param {number} end @param {number[]} limits */
  #reaches(open, end, limits) {
    return !isBetween(limits, open.end, end) && !isBetween(this.marks.code, open.end, end);
  }

  /** @param {number} start @param {number} end @param {string} tex without quote signs @param {boolean} display @returns {MathSegment} */
  #segment(start, end, tex, display) {
    const { source, format } = this;
    if (format === 'markdown') tex = tex.trim();
    // Brackets within double dollars, dollars within brackets, and any of them in a fence called math.
    if (display)
      tex = (/^\\\[([^]*)\\\]$/.exec(tex) ?? /^(\$\$?)([^$]*)\1$/.exec(tex))?.at(-1)?.trim() ?? tex;
    return { kind: 'math', source: source.slice(start, end), tex, display, start, end };
  }

  /** TeX without the quote signs of its lines. @param {string} tex @param {number} start */
  #unquoted(tex, start) {
    if (!tex.includes('\n') || this.format !== 'markdown') return tex;
    const depth = this.around.quotes[firstFrom(this.around.lines, start + 1) - 1];
    return depth > 0 ? tex.replace(new RegExp(`\\n(?:[ \\t]*> ?){1,${depth}}`, 'g'), '\n') : tex;
  }

  /** Whether a number in parentheses counts the sentences of a text. @param {string} tex @param {number} start @param {number} end */
  #enumerates(tex, start, end) {
    const { source } = this;
    if (!/^\s*\d{1,2}\s*$/.test(tex) || !/^\s+[\p{Lu}\p{Lo}]/u.test(source.slice(end, end + 8))) return false;
    return this.#leads(start) || /[.;:!?。；：]\s+$/.test(source.slice(Math.max(0, start - 4), start));
  }

  /** Whether nothing else stands on the lines of a formula. @param {number} start @param {number} end */
  #isAlone(start, end) {
    const { source } = this;
    const { lines } = this.around;
    const line = firstFrom(lines, start + 1) - 1;
    const next = lines[firstFrom(lines, end)] ?? source.length;
    if (start - lines[line] > 80 || next - end > 80) return false;
    return /^[\s>]*$/.test(source.slice(lines[line], start)) && source.slice(end, next).trim() === '';
  }

  /** The rest of the paragraph that a position stands in. @param {number} at */
  #paragraphFrom(at) {
    const { breaks } = this.around;
    return this.source.slice(at, breaks[firstFrom(breaks, at + 1)]);
  }

  /** Whether a delimiter is the first on its line. @param {number} at */
  #leads(at) {
    const { lines } = this.around;
    const line = lines[firstFrom(lines, at + 1) - 1];
    return at - line <= 80 && /^[\s>]*$/.test(this.source.slice(line, at));
  }

  /** @param {readonly Segment[]} segments @returns {{at: number, closer: string}} */
  openDisplay(segments) {
    const { source, marks, around } = this;
    const formulas = segments.filter(({ kind }) => kind === 'math');
    const limit = Math.max(
      0,
      marks.code.at(-1) ?? 0,
      around.barriers.at(-1) ?? 0,
      source.length - LONGEST_DISPLAY,
    );
    for (let index = 0, formula = 0; index < marks.length; index += 1) {
      const { kind, at, end, next } = marks.get(index);
      while (formula < formulas.length && formulas[formula].end <= at) formula += 1;
      if (at < limit || next >= 0 || (formulas[formula]?.start ?? at) < at) continue;
      if (kind === '$$') return { at, closer: '$$' };
      if (kind === '\\[') return { at, closer: '\\]' };
      if (kind === 'begin') return { at, closer: source.slice(at, end).replace('begin', 'end') };
    }
    return { at: source.length, closer: '' };
  }

  /** Where an open formula starts that more text may finish. @param {readonly Segment[]} segments */
  unfinished(segments) {
    const { source, marks, around } = this;
    const done = segments.findLast((segment) => segment.kind === 'math')?.end ?? 0;
    const code = marks.code.at(-1) ?? 0;
    const inline = Math.max(done, code, around.breaks.at(-1) ?? 0, source.length - UNFINISHED.inline);
    const display = Math.max(done, code, around.barriers.at(-1) ?? 0, source.length - UNFINISHED.display);
    /** @type {Map<string, {first: Place, last: Place}>} */
    const open = new Map();
    for (let index = marks.length - 1; index >= 0; index -= 1) {
      const { kind, at, end, next } = marks.get(index);
      if (at < Math.min(inline, display)) break;
      if (CLOSING.has(kind) || next >= 0 || at < (kind === '$' || kind === '\\(' ? inline : display))
        continue;
      open.set(kind, { first: { at, end }, last: open.get(kind)?.last ?? { at, end } });
    }
    const starts = [...open].flatMap(([kind, { first, last }]) =>
      [first, last]
        .filter(({ at, end }) =>
          isUnfinishedMath(kind, source.slice(end), this.#paragraphFrom(end), this.#leads(at)),
        )
        .map(({ at }) => at),
    );
    return Math.min(source.length, ...starts);
  }
}

/** @param {string} source @param {number} start @param {number} end @returns {ProseSegment} */
function prose(source, start, end) {
  return { kind: 'prose', text: source.slice(start, end), start, end };
}

/** @param {readonly number[]} sorted @param {number} start @param {number} end */
function isBetween(sorted, start, end) {
  const at = firstFrom(sorted, start);
  return at < sorted.length && sorted[at] < end;
}

/** The first index whose value is at least `value`. @param {readonly number[]} sorted @param {number} value */
function firstFrom(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
