/**
 * The commands that an author defines within a text: `\newcommand`, `\renewcommand`, `\providecommand`, `\def`, `\let`,
 * `\DeclareMathOperator` and `\DeclarePairedDelimiter`. They are expanded here, as text and within bounds, so that
 * MathJax never learns a command from somebody's text and no other text is touched. Which of them a formula knows is
 * for text-definitions.js to say.
 */

import { Groups, Matches } from './forward-scan.js';
import { matchAt } from './markdown-outline.js';
import { endOfGroup, readArguments } from './tex-groups.js';

const DEFINING =
  /\\(?:((?:re)?newcommand|providecommand)|(g?def)|(let)|(DeclareMathOperator)|(DeclarePairedDelimiter))(?![A-Za-z])/g;
const DEFINES = new RegExp(DEFINING.source);
const BEGINS = new RegExp(DEFINING.source, 'y');
const NAME = /\*?\s*(?:\{\s*(\\[A-Za-z]+)\s*\}|(\\[A-Za-z]+))/y;
const COUNT = /\s*\[([1-9])\](?:\[([^[\]{}]*)\])?/y;
const PARAMETERS = /\s*(?:((?:#[1-9])+)\s*)?(?=\{)/y;
const TARGET = /\s*(?:=\s*)?(\\(?:[A-Za-z]+|[^A-Za-z\s])|[^\s\\{}#%$])/y;
const OPTIONAL = /\s*\[([^[\]]*)\]/y;
const COMMAND = /\\[A-Za-z]+|\\[^]/g;
/** What takes what follows as its argument, which a command written out no longer is without braces. */
const TAKES_ARGUMENT =
  /(?:[_^]|\\(?:hat|bar|tilde|vec|dot|ddot|check|breve|acute|grave|wide(?:hat|tilde)|over(?:line|rightarrow)|underline|math[a-z]+|boldsymbol|bm|sqrt|[dt]?frac(?:\s*\{[^{}]*\})?|operatorname\*?))\s*$/;
const ENOUGH = 80;
const MOST_EXPANSIONS = 500;
const LONGEST = 10_000;

/**
 * What a command stands for: its `body` with `#1` and so on for parameters, the first of which may have a `preset`.
 * `starred`: the body after a star. `plain`: another command as it was, not to be expanded itself.
 * @typedef {{body: string, parameters: number, preset?: string, starred?: string, plain?: boolean}} Definition
 */
/** @typedef {ReadonlyMap<string, Definition>} Definitions by the command's name, backslash included */

/** Whether a text may define commands. @param {string} tex */
export const mayDefine = (tex) => DEFINES.test(tex);

/**
 * The definitions in a formula and what is left of it; null where a definition is broken.
 * @param {string} tex
 * @param {Definitions} [known] what the text has defined before
 * @returns {{rest: string, definitions: Definitions} | null}
 */
export function takeDefinitions(tex, known = new Map()) {
  const definitions = new Map(known);
  let rest = '';
  let from = 0;
  DEFINING.lastIndex = 0;
  for (let match = DEFINING.exec(tex); match; match = DEFINING.exec(tex)) {
    const read = readDefinition(tex, match, definitions);
    if (!read) return null;
    definitions.set(read.name, read.definition);
    rest += tex.slice(from, match.index);
    from = DEFINING.lastIndex = read.end;
  }
  return { rest: rest + tex.slice(from), definitions };
}

/**
 * The TeX with its own definitions taken out, and these and the known ones expanded. Where its own are broken, and where
 * they go round in circles or grow too long, the TeX comes back as it was.
 * @param {string} tex
 * @param {Definitions} [known] what the text has defined before
 * @returns {string}
 * @example expanded('\\newcommand{\\bx}{\\mathbf{x}}\\bx=0') // '\\mathbf{x}=0'
 */
export function expanded(tex, known = new Map()) {
  if (known.size === 0 && !mayDefine(tex)) return tex;
  const taken = takeDefinitions(tex, known);
  return (taken && expand(taken.rest, taken.definitions)) ?? tex;
}

/** The definitions in the prose of one text, which is read from left to right. */
export class ProseDefinitions {
  #groups;
  #backslashes;
  #breaks;

  /** @param {string} source */
  constructor(source) {
    this.source = source;
    this.#groups = new Groups(source);
    this.#backslashes = new Matches(source, /\\/g);
    this.#breaks = new Matches(source, /`|\n[ \t]*\n/g);
  }

  /**
   * Where a definition ends that begins at a place, or -1.
   * @param {number} at
   * @param {number} to where it ends at the latest
   */
  endAt(at, to) {
    const match = matchAt(BEGINS, this.source, at);
    const end = match
      ? (readDefinition(this.source, match, new Map(), (from) => this.#groups.endOf(from))?.end ?? -1)
      : -1;
    return end > to || (end > 0 && (this.#breaks.from(at)?.index ?? end) < end) ? -1 : end;
  }

  /**
   * The stretches that define commands, in order.
   * @param {number} from
   * @param {number} to
   * @returns {Generator<{start: number, end: number}>}
   */
  *between(from, to) {
    for (let at = this.#backslash(from); at < to; at = this.#backslash(from)) {
      const end = this.endAt(at, to);
      if (end > 0) yield { start: at, end };
      from = end > 0 ? end : at + 2;
    }
  }

  /** @param {number} from */
  #backslash(from) {
    return this.#backslashes.from(from)?.index ?? Infinity;
  }
}

/**
 * @param {string} tex
 * @param {RegExpExecArray} match of DEFINING
 * @param {Definitions} known
 * @param {(from: number) => number} [endOf] where a group ends whose contents begin at a place, or -1
 * @returns {{name: string, definition: Definition, end: number} | null}
 */
function readDefinition(tex, match, known, endOf = (from) => endOfGroup(tex, from)) {
  const [word, , isDef, isLet, isOperator, isPaired] = match;
  const named = matchAt(NAME, tex, match.index + word.length);
  if (!named) return null;
  const name = named[1] ?? named[2];
  const at = NAME.lastIndex;
  if (isLet) {
    const target = matchAt(TARGET, tex, at);
    if (!target) return null;
    return {
      name,
      definition: known.get(target[1]) ?? { body: target[1], parameters: 0, plain: true },
      end: TARGET.lastIndex,
    };
  }
  if (isPaired) {
    const read = readArguments(tex, at, 2, endOf);
    if (!read) return null;
    const [left, right] = read.values;
    return {
      name,
      definition: {
        body: `${left} #1 ${right}`,
        starred: `\\left${left} #1 \\right${right}`,
        parameters: 1,
      },
      end: read.end,
    };
  }
  const hashes = isDef ? matchAt(PARAMETERS, tex, at) : null;
  if (isDef && !hashes) return null;
  const counted = isDef ? null : matchAt(COUNT, tex, at);
  const start = hashes ? PARAMETERS.lastIndex : counted ? COUNT.lastIndex : at;
  const opening = /\s*\{/y;
  if (!matchAt(opening, tex, start)) return null;
  const end = endOf(opening.lastIndex);
  if (end < 0) return null;
  const body = tex.slice(opening.lastIndex, end - 1);
  if (isOperator) {
    const star = tex[match.index + word.length] === '*' ? '*' : '';
    return { name, definition: { body: `\\operatorname${star}{${body}}`, parameters: 0 }, end };
  }
  const parameters = hashes ? (hashes[1] ?? '').length / 2 : Number(counted?.[1] ?? 0);
  return { name, definition: { body, parameters, preset: counted?.[2] }, end };
}

/** @param {string} tex @param {Definitions} definitions @returns {string | null} */
function expand(tex, definitions) {
  let expansions = 0;
  let at = 0;
  for (;;) {
    COMMAND.lastIndex = at;
    const match = COMMAND.exec(tex);
    if (!match) return tex;
    const definition = definitions.get(match[0]);
    at = match.index + match[0].length;
    if (!definition) continue;
    expansions += 1;
    const isStarred = definition.starred !== undefined && tex[at] === '*';
    const given = takeArguments(tex, isStarred ? at + 1 : at, definition);
    if (!given || expansions > MOST_EXPANSIONS || tex.length > LONGEST) return null;
    const body = filledIn((isStarred && definition.starred) || definition.body, given.values);
    if (body === null) return null;
    const written = setApart(body, tex, match.index, given.end);
    tex = tex.slice(0, match.index) + written + tex.slice(given.end);
    at = match.index + (definition.plain ? written.length : 0);
  }
}

/** A body with its arguments in their places; null where it grows too long. @param {string} body @param {string[]} values */
function filledIn(body, values) {
  let written = '';
  let from = 0;
  for (const { 0: found, 1: number, index } of body.matchAll(/\\[^]|#([1-9])/g)) {
    if (!number) continue;
    written += body.slice(from, index) + (values[Number(number) - 1] ?? found);
    from = index + found.length;
    if (written.length > LONGEST) return null;
  }
  return body.length - from > LONGEST ? null : written + body.slice(from);
}

/** @param {string} tex @param {number} at @param {Definition} definition */
function takeArguments(tex, at, { parameters, preset }) {
  if (preset === undefined) return readArguments(tex, at, parameters);
  const given = matchAt(OPTIONAL, tex, at);
  const read = readArguments(tex, given ? OPTIONAL.lastIndex : at, parameters - 1);
  return read && { values: [given?.[1] ?? preset, ...read.values], end: read.end };
}

/** A body as one argument where an argument is due, and not grown together with a letter after it. @param {string} body @param {string} tex @param {number} start @param {number} end */
function setApart(body, tex, start, end) {
  const isOne = /^(?:[^\\]|\\(?:[A-Za-z]+|[^A-Za-z]))$/.test(body);
  if (!isOne && TAKES_ARGUMENT.test(tex.slice(Math.max(0, start - ENOUGH), start))) return `{${body}}`;
  return /\\[A-Za-z]+$/.test(body) && /^[A-Za-z]/.test(tex.slice(end, end + 1)) ? `${body} ` : body;
}
