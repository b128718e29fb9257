/**
 * Reads the delimiters of a text and says for each opening one which could close it: the next of its kind, and,
 * where that one stands in a deeper `\text{…}`, the next in its own brace group. Whether what lies between is
 * mathematics is for tex-scanner.js to decide. Numbers are kept in columns, since a text may hold millions of marks.
 */

import { surroundings } from './literal-text.js';

/** @typedef {'$' | '$$' | '\\(' | '\\)' | '\\[' | '\\]' | 'begin' | 'end'} Kind */
/**
 * `next` and `same` are indexes of marks that may close this one, or -1: the next one, and, where that stands in a
 * text group further in, the next in the same group. `nextDollar` is the next dollar, single or double.
 * @typedef {{kind: Kind, at: number, end: number, next: number, same: number, nextDollar: number}} Mark
 */
/** @typedef {{kinds: number[], starts: number[], ends: number[]}} Tokens */

const KINDS = /** @type {Kind[]} */ (['$', '$$', '\\(', '\\)', '\\[', '\\]', 'begin', 'end']);
const DOUBLE = KINDS.indexOf('$$');
const BEGIN = KINDS.indexOf('begin');
const OPENING_BRACE = KINDS.length;
const CLOSING_BRACE = OPENING_BRACE + 1;
const CODE = OPENING_BRACE + 2;

const ENVIRONMENTS = new Set(
  (
    'equation align alignat aligned alignedat flalign gather gathered multline multlined split eqnarray math ' +
    'displaymath array matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases dcases rcases drcases ' +
    'numcases subequations CD darray empheq xalignat xxalignat dmath dgroup IEEEeqnarray tikzcd prooftree ' +
    'spreadlines lgathered rgathered bsmallmatrix Bsmallmatrix psmallmatrix vsmallmatrix Vsmallmatrix subnumcases'
  ).split(' '),
);
const TOKEN = /\\(begin|end)\{([A-Za-z]+)\*?\}|\\[^]|\$+|[{}]/g;
const TEXT_GROUP =
  /\\(?:text[a-z]*|[mhf]box|framebox|makebox|ovalbox|[lr]lap|(?:short)?intertext|tag\*?|[hv]box\s*(?:to|spread)\s*[\d.]+[a-z]{2})\s*$/;
/** A command that sets its last argument as text, after its others. */
const BOX =
  /\\(?:f?colorbox|textcolor|raisebox|parbox|makebox|framebox|scalebox|rotatebox|resizebox)(?:\s*(?:\{[^{}]{0,60}\}|\[[^\]]{0,60}\])){1,3}\s*$/;
const BEFORE_BOX = 160;
/** Deeper groups are not text groups: no author writes so much text in text, and each level costs a pass over the text. */
const TEXT_DEPTH = 12;

export class Marks {
  /** @type {number[]} */ #kinds = [];
  /** @type {number[]} */ #starts = [];
  /** @type {number[]} */ #ends = [];
  /** @type {number[]} */ #groups = [];
  /** Where code starts that ends any formula. @type {number[]} */ code = [];

  /** @param {string} source @param {'latex' | 'markdown'} format */
  constructor(source, format) {
    this.around = surroundings(source, format);
    const isText = this.#keep(source, readTokens(source, this.around.opaque));
    this.length = this.#kinds.length;
    const columns = link(this.#kinds, this.#groups, isText, (index) =>
      source.slice(this.#starts[index], this.#ends[index]).replace(/^\\(?:begin|end)/, ''),
    );
    this.#next = columns.next;
    this.#same = columns.same;
    this.#nextDollar = columns.nextDollar;
  }

  #next = new Int32Array();
  #same = new Int32Array();
  #nextDollar = new Int32Array();

  /** @param {number} index @returns {Mark} */
  get(index) {
    return {
      kind: KINDS[this.#kinds[index]],
      at: this.#starts[index],
      end: this.#ends[index],
      next: this.#next[index],
      same: this.#same[index],
      nextDollar: this.#nextDollar[index],
    };
  }

  /**
   * Keeps the delimiters with the brace group that each stands in; a brace without its partner makes no group.
   * @param {string} source
   * @param {Tokens} tokens
   * @returns {boolean[]} for each group whether it is text
   */
  #keep(source, { kinds, starts, ends }) {
    const hasPartner = matchBraces(kinds);
    const isText = [false];
    const open = [0];
    for (let index = 0; index < kinds.length; index += 1) {
      const kind = kinds[index];
      const group = open[open.length - 1];
      if (kind === OPENING_BRACE && hasPartner[index]) {
        const before = source.slice(Math.max(0, starts[index] - 24), starts[index]);
        const isBox =
          /[}\]]\s*$/.test(before) &&
          BOX.test(source.slice(Math.max(0, starts[index] - BEFORE_BOX), starts[index]));
        const text = open.length <= TEXT_DEPTH && (isText[group] || isBox || TEXT_GROUP.test(before));
        open.push(isText.push(text) - 1);
      } else if (kind === CLOSING_BRACE && hasPartner[index]) open.pop();
      else if (kind === CODE && !isText[group]) this.code.push(starts[index]);
      else if (kind < OPENING_BRACE) {
        this.#kinds.push(kind);
        this.#starts.push(starts[index]);
        this.#ends.push(ends[index]);
        this.#groups.push(group);
      }
    }
    return isText;
  }
}

/**
 * The delimiters, braces and stretches of code, in order.
 * @param {string} source
 * @param {readonly import('./literal-text.js').Opaque[]} opaque
 * @returns {Tokens}
 */
function readTokens(source, opaque) {
  /** @type {Tokens} */
  const tokens = { kinds: [], starts: [], ends: [] };
  /** @param {number} kind @param {number} start @param {number} end */
  const push = (kind, start, end) => {
    tokens.kinds.push(kind);
    tokens.starts.push(start);
    tokens.ends.push(end);
  };
  let region = 0;
  const passRegions = (/** @type {number} */ position) => {
    for (; region < opaque.length && opaque[region].start <= position; region += 1)
      if (opaque[region].code) push(CODE, opaque[region].start, opaque[region].end);
  };
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(source); match; match = TOKEN.exec(source)) {
    passRegions(match.index);
    const inside = region > 0 && opaque[region - 1].end > match.index ? opaque[region - 1] : null;
    if (inside) TOKEN.lastIndex = inside.end;
    else {
      const kind = kindOf(match);
      const end = match.index + match[0].length;
      if (kind >= 0) push(kind, match.index, end);
      else if (match[0] === '$$$$') {
        push(DOUBLE, match.index, end - 2);
        push(DOUBLE, end - 2, end);
      }
    }
  }
  passRegions(source.length);
  return tokens;
}

/** @param {RegExpExecArray} match @returns {number} -1 for what is neither a delimiter nor a brace */
function kindOf([token, edge, name]) {
  if (token === '{') return OPENING_BRACE;
  if (token === '}') return CLOSING_BRACE;
  if (edge && !ENVIRONMENTS.has(name)) return -1;
  return KINDS.indexOf(/** @type {Kind} */ (edge ?? token));
}

/** Which braces have a partner. @param {readonly number[]} kinds */
function matchBraces(kinds) {
  const hasPartner = new Uint8Array(kinds.length);
  /** @type {number[]} */
  const open = [];
  kinds.forEach((kind, index) => {
    if (kind === OPENING_BRACE) open.push(index);
    const opening = kind === CLOSING_BRACE ? open.pop() : undefined;
    if (opening !== undefined) hasPartner[opening] = hasPartner[index] = 1;
  });
  return hasPartner;
}

/**
 * For each mark the marks that could close it, found in one pass from the end.
 * @param {readonly number[]} kinds
 * @param {readonly number[]} groups
 * @param {readonly boolean[]} isText
 * @param {(index: number) => string} nameOf the name of an environment
 */
function link(kinds, groups, isText, nameOf) {
  const next = new Int32Array(kinds.length).fill(-1);
  const same = new Int32Array(kinds.length).fill(-1);
  const nextDollar = new Int32Array(kinds.length).fill(-1);
  // Four families: any dollar, double dollars, round and square brackets.
  const seen = new Int32Array(4).fill(-1);
  const seenInGroup = new Int32Array(4 * isText.length).fill(-1);
  /** @type {Map<string, number[]>} */
  const ends = new Map();
  /** @param {number} opening @param {number} candidate */
  const closes = (opening, candidate) =>
    candidate >= 0 && (opening <= DOUBLE || kinds[candidate] === opening + 1);
  for (let index = kinds.length - 1; index >= 0; index -= 1) {
    const kind = kinds[index];
    if (kind >= BEGIN) {
      const name = nameOf(index);
      const open = ends.get(name) ?? [];
      if (kind === BEGIN) next[index] = open.pop() ?? -1;
      else open.push(index);
      ends.set(name, open);
      continue;
    }
    const family = kind <= DOUBLE ? kind : (kind >> 1) + 1;
    const near = seen[family];
    const inside = seenInGroup[4 * groups[index] + family];
    if (closes(kind, near)) next[index] = near;
    const deeper = near >= 0 && groups[near] !== groups[index] && isText[groups[near]];
    if (deeper && closes(kind, inside)) same[index] = inside;
    nextDollar[index] = seen[0];
    for (const slot of kind === DOUBLE ? [0, DOUBLE] : [family])
      seen[slot] = seenInGroup[4 * groups[index] + slot] = index;
  }
  return { next, same, nextDollar };
}
