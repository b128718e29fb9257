/**
 * Turns the prose of a LaTeX text (titles, abstracts) into a small tree: emphasis, quotes, dashes, accents, links.
 * Mathematics keeps its place in the tree by number. It is not TeX: a macro that it does not know, and a brace
 * without its partner, is shown as it was written, so that nothing is lost.
 */

import { ProseDefinitions } from './definitions.js';
import { LETTERS, SIGNS, STYLES, SWITCHES, SYMBOLS, accented, dingbat } from './tex-text.js';
import { ProseTree } from './tex-tree.js';

/** @typedef {import('./tex-scanner.js').Segment} Segment */
/** @typedef {import('./tex-tree.js').Node} Node */
/** @typedef {import('./tex-tree.js').Style} Style */

const WORD = /\\([A-Za-z]+)\*?/y;
const ACCENT =
  /\\(['"`^~=.]|[uvHcdbkrt](?![A-Za-z]))[ \t]*(?:\{(\\?[A-Za-z]*)\}|(\\[ij](?![A-Za-z])|\p{L}))/uy;
const ADDRESS = /https?:\/\/(?:[A-Za-z0-9!*'(),;:@&=+$/?#[\].~-]|\\?[_%#&]){1,2000}/y;
const ADDRESS_ARGUMENT = /\s*\{([^{}]*)\}/y;
/** An address of the web; authors leave out its beginning. */
const WEB =
  /^(?:https?:\/\/|[a-z\d-]{1,63}(?:\.[a-z\d-]{1,63}){0,9}\.(?:ai|cn|co|com|de|dev|edu|eu|fr|gov|io|jp|me|net|org|uk)(?:\/|$))/i;
const KEYS = /\s*(?:\[([^[\]{}]*)\]\s*)?(?:\[([^[\]{}]*)\]\s*)?\{([^{}\\$]*)\}/y;
const IGNORED = /\s*\{[^{}\\$]*\}\s*/y;
const ENVIRONMENT = /\\(?:begin|end)\{(?:itemize|enumerate|description|quote|center|abstract|document)\}\s*/y;
const SINGLE_QUOTED = /`(?=[^\s`'$])[^`$\n]{0,200}?(?:\n[^`$\n]{1,200}?)?'(?![A-Za-z'])/y;
/**
 * With an h, a dash and a line break that begin nothing, so that an ordinary sentence is one step. Counted, since the
 * browser's stack of ways back is full after some millions of choices.
 */
const PLAIN = /(?:[^\\{}`'~\-h\n$]+|h(?!ttp)|-(?!-)|\n(?![ \t]*\n)){1,1000}/y;
const BLANK_LINE = /\n[ \t]*\n\s*/y;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;

/**
 * The tree of a LaTeX text. `index` of a math node is the formula's index in `segments`.
 * @param {readonly Segment[]} segments what scan(source, 'latex') gave
 * @returns {Node[]}
 * @example texProse(scan('\\emph{a $x$}', 'latex')) // [{type: 'em', children: [{type: 'text', text: 'a '}, {type: 'math', index: 1}]}]
 */
export function texProse(segments) {
  return new ProseReader(segments).read();
}

class ProseReader {
  /** @type {number[]} */
  #starts = [];
  #passed = 0;

  /** @param {readonly Segment[]} segments */
  constructor(segments) {
    this.source = segments
      .map((segment) => (segment.kind === 'math' ? segment.source : segment.text))
      .join('');
    /** @type {Map<number, {index: number, end: number}>} */
    this.formulas = new Map();
    let at = 0;
    for (const [index, segment] of segments.entries()) {
      const end = at + segment.end - segment.start;
      if (segment.kind === 'math') this.formulas.set(at, { index, end });
      at = end;
    }
    this.#starts = [...this.formulas.keys()];
    this.at = 0;
    this.definitions = new ProseDefinitions(this.source);
    this.closingQuote = -1;
    this.tree = new ProseTree();
  }

  read() {
    while (this.at < this.source.length) this.#step();
    return this.tree.finish();
  }

  #step() {
    const { source, at } = this;
    const formula = this.formulas.get(at);
    if (formula) {
      this.tree.append([{ type: 'math', index: formula.index }]);
      this.at = formula.end;
      return;
    }
    const character = source[at];
    if (character === '\\') this.#macro();
    else if (character === '{') this.#pass(1, () => this.tree.open('group', '{'));
    else if (character === '}') this.#pass(1, () => this.tree.close());
    else if (character === 'h' && source.startsWith('http', at)) this.#address();
    else if (character === '\n') this.#newline();
    else if (!this.tree.frame.code && "`'-~".includes(character)) this.#punctuation(character);
    else if (character === '$') this.#take(this.#dollars());
    else this.#take(this.#match(PLAIN)?.[0] ?? character);
  }

  /** Dollars that open no formula. */
  #dollars() {
    const run = /** @type {RegExpExecArray} */ (this.#match(/\$+/y))[0];
    return run.slice(0, this.#nextFormula() - this.at);
  }

  /** @param {RegExp} pattern a sticky one */
  #match(pattern) {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source);
  }

  /** @param {number} length @param {() => void} act */
  #pass(length, act) {
    this.at += length;
    act();
  }

  /** Passes over `source` and shows `text`. @param {string} source @param {string} [text] */
  #take(source, text = source) {
    this.at += source.length;
    this.tree.text(text);
  }

  #newline() {
    const blank = this.#match(BLANK_LINE);
    if (!blank) return this.#take('\n');
    this.at += blank[0].length;
    if (this.at < this.source.length) this.tree.append([{ type: 'break' }]);
  }

  /** @param {string} character */
  #punctuation(character) {
    const { source, at } = this;
    if (character === '-') {
      const run = /** @type {RegExpExecArray} */ (this.#match(/-+/y))[0];
      const arrow = source[at - 1] === '<' || source[at + run.length] === '>';
      this.#take(run, arrow ? run : run === '--' ? '–' : run === '---' ? '—' : run);
    } else if (character === '~') this.#take('~', this.#isTie() ? '\u00A0' : '~');
    else if (source.startsWith(character + character, at))
      this.#take(character + character, character === '`' ? '“' : '”');
    else if (at === this.closingQuote) this.#take("'", '’');
    else {
      const quoted =
        character === '`' && !LETTER_OR_DIGIT.test(source[at - 1] ?? '') ? this.#match(SINGLE_QUOTED) : null;
      if (quoted) this.closingQuote = at + quoted[0].length - 1;
      this.#take(character, quoted ? '‘' : character);
    }
  }

  /** A tie follows what it ties; ` ~5` means about five, and `6~7` a range. */
  #isTie() {
    const { source, at } = this;
    const before = source[at - 1] ?? '';
    if (/\d/.test(before) && /\d/.test(source[at + 1] ?? '')) return false;
    return /[A-Za-z\d.,)}$\]]/.test(before) || LETTER_OR_DIGIT.test(before);
  }

  #macro() {
    const accent = this.#match(ACCENT);
    const letter = accent && accented(accent[1], accent[2] ?? accent[3]);
    if (accent && letter !== null && letter !== undefined) {
      this.#markBare(accent[0].length);
      return this.#take(accent[0], letter);
    }
    const word = this.#match(WORD);
    if (word) return this.#word(word[1], word[0]);
    const next = this.source[this.at + 1] ?? '';
    if (next === '\\') {
      this.at += 2;
      return this.tree.append([{ type: 'break' }]);
    }
    const symbol = SYMBOLS.get(next);
    this.#take('\\' + next, symbol ?? '\\' + next);
  }

  /** @param {string} name @param {string} raw */
  #word(name, raw) {
    if (this.#definition() || this.#environment(name) || this.#linkOrKeys(name, raw) || this.#dingbat(name))
      return;
    if (this.#argument(name, raw)) return;
    const switched = SWITCHES.get(name);
    if (switched && this.#beginsGroup) return this.#switch(switched, raw);
    if (switched === 'plain') return this.#take(raw + this.#spaceAt(this.at + raw.length), '');
    this.#sign(name, raw);
  }

  /** A command that the author defines, if this does: nothing of it is shown. */
  #definition() {
    const { source, at } = this;
    const end = this.definitions.endAt(at, this.#nextFormula());
    if (end < 0) return false;
    this.tree.append([{ type: 'definition', source: source.slice(at, end) }]);
    this.at = end;
    return true;
  }

  get #beginsGroup() {
    return this.tree.frame.style === 'group' && this.tree.frame.children.length === 0;
  }

  /** The white space at a place. @param {number} at */
  #spaceAt(at) {
    const space = /\s*/y;
    space.lastIndex = at;
    return /** @type {RegExpExecArray} */ (space.exec(this.source))[0];
  }

  /** Opens the argument of a macro that sets it in another way; authors give switches one too. @param {string} name @param {string} raw */
  #argument(name, raw) {
    const style = STYLES.get(name) ?? SWITCHES.get(name);
    if (!style || !this.tree.isShallow || raw.endsWith('*')) return false;
    const opening = STYLES.has(name) ? /\s*(?:\[\d*\])?\{/y : /\{/y;
    opening.lastIndex = this.at + raw.length;
    const brace = opening.exec(this.source);
    if (!brace) return false;
    if (!STYLES.has(name) && this.#beginsGroup) this.tree.frame.switched = true;
    this.at += raw.length + brace[0].length;
    this.tree.open(style, raw + brace[0]);
    return true;
  }

  /** @param {string} name @param {string} raw */
  #sign(name, raw) {
    const letter = LETTERS.get(name);
    const sign = letter ?? SIGNS.get(name);
    if (sign === undefined || raw.endsWith('*')) return this.#take(raw);
    this.#markBare(raw.length);
    this.#take(raw, sign);
    if (this.source.startsWith('{}', this.at)) this.at += 2;
    else if (letter) this.at += /** @type {RegExpExecArray} */ (this.#match(/[ \t]*/y))[0].length;
  }

  /** Notes that a group holds this macro and nothing else, and is not an argument: its braces need not be seen. @param {number} length */
  #markBare(length) {
    if (
      this.tree.frame.style === 'group' &&
      this.source[this.at - 1] === '{' &&
      this.source[this.at + length] === '}' &&
      !/\\[A-Za-z]{1,40}\*?$/.test(this.source.slice(Math.max(0, this.at - 43), this.at - 1))
    )
      this.tree.frame.bare = true;
  }

  /** @param {string} style @param {string} raw */
  #switch(style, raw) {
    this.tree.frame.style = style === 'plain' ? 'group' : style;
    this.tree.frame.code ||= style === 'code';
    this.tree.frame.switched = true;
    const whole = raw + this.#spaceAt(this.at + raw.length);
    this.tree.frame.raw += whole;
    this.at += whole.length;
  }

  /** A sign by its number: `\ding{51}`. @param {string} name */
  #dingbat(name) {
    const match = name === 'ding' ? this.#match(/\\ding\{(\d{2,3})\}/y) : null;
    const sign = match && dingbat(Number(match[1]));
    if (sign) this.#take(match[0], sign);
    return Boolean(sign);
  }

  /** Lists are broken into lines. @param {string} name */
  #environment(name) {
    const match = name === 'begin' || name === 'end' ? this.#match(ENVIRONMENT) : null;
    if (!match && name !== 'item' && name !== 'par' && name !== 'newline') return false;
    this.at += match ? match[0].length : name.length + 1;
    if (this.tree.frame.children.at(-1)?.type !== 'break') this.tree.append([{ type: 'break' }]);
    if (name === 'item') this.tree.text('• ');
    if (!match) this.at += this.#spaceAt(this.at).length;
    return true;
  }

  /** @param {string} name @param {string} raw */
  #linkOrKeys(name, raw) {
    const start = this.at;
    this.at += raw.length;
    if (this.#linkMacro(name, raw) || this.#keys(name) || this.#color(name)) return true;
    this.at = start;
    return false;
  }

  /** @param {string} name @param {string} raw */
  #linkMacro(name, raw) {
    if (!['url', 'nolinkurl', 'href', 'hyperlink'].includes(name)) return false;
    const argument = this.#match(ADDRESS_ARGUMENT);
    const href = argument && plainAddress(argument[1]);
    if (!argument || !href || !WEB.test(href)) return false;
    const end = this.at + argument[0].length;
    const brace = /\s*\{/y;
    brace.lastIndex = end;
    const opening = name.endsWith('url') ? null : brace.exec(this.source);
    if (!opening) {
      this.at = end;
      const address = /^http/i.test(href) ? href : `https://${href}`;
      this.tree.append([{ type: 'link', href: address, children: [{ type: 'text', text: href }] }]);
      return true;
    }
    if (!this.tree.isShallow || !/^http/i.test(href)) return false;
    this.at = end + opening[0].length;
    this.tree.open('link', raw + argument[0] + opening[0], href);
    return true;
  }

  /** @param {string} name */
  #keys(name) {
    if (!/^(?:[Cc]ite[a-z]*|footnotemark)$/.test(name)) return false;
    const mark = name === 'footnotemark' ? this.#match(/\[(\d+)\]/y) : this.#match(KEYS);
    if (!mark) return false;
    this.at += mark[0].length;
    if (name === 'footnotemark')
      this.tree.append([{ type: 'superscript', children: [{ type: 'text', text: mark[1] }] }]);
    else {
      const [, first, second, keys] = mark;
      const [before, after] = second === undefined ? ['', first] : [first, second];
      const text = `[${before ? `${before} ` : ''}${keys.trim()}${after ? `, ${after}` : ''}]`;
      this.tree.append([{ type: 'cite', children: [{ type: 'text', text }] }]);
    }
    return true;
  }

  /** Colours are left out. @param {string} name */
  #color(name) {
    if (name !== 'color' && name !== 'textcolor') return false;
    const argument = this.#match(IGNORED);
    if (!argument) return false;
    const end = this.at + argument[0].length;
    if (name === 'color' || LETTER_OR_DIGIT.test(this.source[end] ?? '')) {
      if (this.tree.frame.style === 'group') this.tree.frame.switched = true;
      this.at = end;
      return true;
    }
    if (this.source[end] !== '{' || !this.tree.isShallow) return false;
    this.at = end + 1;
    this.tree.open('plain', `\\textcolor${argument[0]}{`);
    return true;
  }

  /** Where the next formula starts, or where the text ends. */
  #nextFormula() {
    while (this.#starts[this.#passed] < this.at) this.#passed += 1;
    return this.#starts[this.#passed] ?? this.source.length;
  }

  #address() {
    const { source, at } = this;
    ADDRESS.lastIndex = 0;
    const starts = !LETTER_OR_DIGIT.test(source[at - 1] ?? '');
    const whole = starts ? ADDRESS.exec(source.slice(at, this.#nextFormula()))?.[0] : undefined;
    if (!whole || !/^https?:\/\/[A-Za-z0-9]/.test(whole))
      return this.#take(this.#match(/h[^\\{}`'~\-h\n$]*/y)?.[0] ?? 'h');
    const raw = whole
      .replace(/(?<![.,;:!?'*\\])[.,;:!?'*\\]+$/, '')
      .replace(/(?<!\))\)+$/, (end) => (whole.includes('(') ? end : ''));
    const href = plainAddress(raw);
    this.at += raw.length;
    if (this.tree.isInLink) this.tree.text(href);
    else this.tree.append([{ type: 'link', href, children: [{ type: 'text', text: href }] }]);
  }
}

/** @param {string} address */
function plainAddress(address) {
  return address.trim().replace(/\\([_%#&~])/g, '$1');
}
