/**
 * Markdown to HTML with the mathematics protected. The HTML is Marked's and not yet safe: it goes through DOMPurify
 * before it enters a page. Mathematics never passes through an HTML parser: where a formula stood, the HTML holds
 * U+E000, the formula's number, U+E001, and the caller puts an element there.
 */

import { Lexer, Parser } from './libraries.js';
import { FootnoteLexer, OPTIONS } from './footnote-syntax.js';
import { matchAt } from './markdown-outline.js';
import { ProseDefinitions } from './definitions.js';
import { scan, scanUnfinished } from './tex-scanner.js';

/** @typedef {import('./tex-scanner.js').MathSegment} MathSegment */
/** @typedef {{kind: 'plain', source: string}} PlainSegment something shown as its source: a formula cut short, or a character that we use as a mark */
/** @typedef {{kind: 'note', source: string, label: string}} NoteReference what refers to a footnote, whose label in `Links` begins with `^` */
/** @typedef {{kind: 'definition', source: string}} DefinitionSegment prose that defines a command
 */
/** @typedef {MathSegment | PlainSegment | NoteReference | DefinitionSegment} Formula what a placeholder stands for */
/** @typedef {{start: number, end: number}} Stretch */
/** @typedef {Record<string, {href?: string | null, title?: string | null, note?: string}>} Links what a text defines by label: where a link leads, or a footnote's Markdown */
/** @typedef {import('./libraries.js').Token} Token */
/** @typedef {import('./libraries.js').List} List */

/** A placeholder in text: its first group is the number of the formula. */
export const PLACEHOLDER = /\uE000(\d+)\uE001/g;
/** More signs than these in one paragraph cost Marked time that grows with their square. */
const SIGNS = { emphasis: 500, brackets: 2000, delimiters: 100 };
/** Signs times characters: for each sign Marked may look through the rest of its paragraph. */
const WORK = 3e7;
/** A row of a table, and one that parts a table's head from its body. */
const ROW = /[ \t>]*\|/y;
const DELIMITERS = /^[ \t>:-]*\|[ \t|:-]*$/gm;
/** Lines of a list's item, of which Marked looks at each for a line that underlines them all. */
const ITEM = /^(?:[ \t]{2}|[ \t]*(?:[-+*>]|\d{1,9}[.)]))/;
const ITEM_LINES = 2000;
/** Quotes and list items within each other: Marked reads the rest of the text once for each of them. */
const NESTED = /^(?:[ \t]{0,3}(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))){50}/;
/** So many characters without white space that each sign within is taken for the end of a mail address, to the run's end. */
const RUN = /[!-;=?A-Z^-~]{5000,999999}/g;
const RUN_SIGNS = 100;
/** HTML elements open at once: a browser's parser looks through them for each further one. */
const UNCLOSED = 250;
/** Quotes that begin right after a text: Marked reads those before them again for each. */
const RESUMED = /^ {0,3}[^>\s][^\n]*\n {0,3}>/gm;
const MOST_RESUMED = 400;
/** A tag of an element that something must close. */
const ELEMENT =
  /<(\/?)(?!(?:area|base|br|col|dd|dt|embed|hr|img|input|li|link|meta|option|p|tbody|td|tfoot|th|thead|tr|wbr)\b)[a-z]/gi;
const RULE = /^[ \t]*([-*_])(?:[ \t]*\1)*$/;
/**
 * A sign of punctuation that stands beside a placeholder where a formula should count as one: emphasis that ends in
 * punctuation before a formula, or begins with it after one, is else none for Marked. It leaves with the HTML.
 */
const PUNCTUATION = '\uA8F8';
const MARKED = /\uA8F8|%EA%A3%B8/g;
const CLOSES_BEFORE = /[\p{P}\p{S}](?<![*_~\\])(?:\*{1,3}|_{1,3}|~{1,2})$/u;
const OPENS_AFTER = /^(?:\*{1,3}|_{1,3}|~{1,2})(?![*_~\\])[\p{P}\p{S}]/u;
/**
 * Likewise where Chinese, Japanese or Korean goes on right after emphasis that ends in punctuation, or stands right
 * before emphasis that begins with it: they write no space there, without which Marked sees none.
 */
const CLOSES_IN_CJK =
  /(?<=[\p{P}\p{S}])(?<![*_~\\])(\*{1,3}|~{1,2})(?=[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}])(?!\p{P})/gu;
const OPENS_IN_CJK =
  /(?<=[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Hang}])(?<!\p{P})(\*{1,3}|~{1,2})(?=[\p{P}\p{S}])(?![*_~\\])/gu;
/** Our own marks in a given text, as characters or as HTML would write them, and what an HTML parser drops. */
const OURS = /(?:[\0\uA8F8\uE000\uE001]|&#(?:0{0,9}5734[45]|[xX]0{0,9}[eE]00[01]);?){1,1000}/g;
/** A sum with its result, as data sets of arithmetic note them: the stars in `5*4=$<<5*4=20>>20` are multiplied with. */
const SUM_WITH_NOTE = /(?<![\w.])\$?\d[\d$.,+*/() -]{0,60}=\s?\$?<<[\d.,+*/()=% -]{3,99}>>/g;
const IN_ADDRESS = /%EE%80%80(\d+)%EE%80%81/g;

/**
 * Renders Markdown. The same formula written twice has one number, so that a reference still finds its definition.
 * @param {string} source
 * @param {Links} [known] definitions from elsewhere in the text, as an earlier call gave them
 * @param {boolean} [goesOn] whether the text goes on after this block of it, so that nothing that is open here will close
 * @param {boolean} [inLooseList] whether the list that it begins with is part of a loose one
 * @returns {{html: string, formulas: Formula[], links: Links, loose: boolean}} the HTML before DOMPurify; what its
 *   placeholders stand for; the known definitions with those of this text; whether it begins with a loose list
 */
export function renderMarkdown(source, known = {}, goesOn = false, inLooseList = false) {
  const { text, numbered } = protect(source.replace(/\r\n?/g, '\n'), goesOn);
  const { formulas } = numbered;
  const labelOf = (/** @type {string} */ label) => `^${restoreText(label, formulas).toLowerCase()}`;
  const lexer = new FootnoteLexer(labelOf, (reference) =>
    numbered.placeholder({
      kind: 'note',
      source: restoreText(reference, formulas),
      label: labelOf(reference.slice(2, -1)),
    }),
  );
  for (const [label, { href, title, note }] of Object.entries(known))
    if (note !== undefined) lexer.notes.set(label, note);
    else Object.assign(lexer.tokens.links, { [label]: { href, title } });
  const { html, loose } = toHtml(lexer, text, inLooseList);
  /** @type {Links} */
  const links = Object.create(null);
  for (const [label, note] of lexer.notes) links[label] = { note: restoreText(note, formulas) };
  for (const [label, { href, title }] of Object.entries(lexer.tokens.links))
    links[label] = {
      href: href && restoreText(href, formulas),
      title: title && restoreText(title, formulas),
    };
  return { html, formulas, links, loose };
}

/** @param {Lexer} lexer @param {string} text @param {boolean} inLooseList */
function toHtml(lexer, text, inLooseList) {
  if ((text.match(RESUMED)?.length ?? 0) > MOST_RESUMED) return asWritten(text);
  try {
    const tokens = lexer.lex(text);
    const first = tokens.find(({ type }) => type !== 'space');
    const list = first?.type === 'list' ? /** @type {List} */ (first) : null;
    if (list && inLooseList && !list.loose) loosen(list);
    const html = /** @type {string} */ (Parser.parse(tokens, OPTIONS));
    if (!leavesOpen(html)) return { html: html.replace(MARKED, ''), loose: list?.loose ?? false };
  } catch (error) {
    // Nested too deeply for Marked, which calls itself for each level.
    if (!(error instanceof RangeError)) throw error;
  }
  return asWritten(text);
}

/** @param {string} text */
const asWritten = (text) => ({
  html: `<p>${text.replace(MARKED, '').replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`)}</p>\n`,
  loose: false,
});

/** Whether more HTML elements are open at once than a page has. @param {string} html */
function leavesOpen(html) {
  if (html.length < 3 * UNCLOSED) return false;
  let open = 0;
  for (const [, slash] of html.matchAll(ELEMENT)) {
    open += slash ? -1 : 1;
    if (open > UNCLOSED) return true;
  }
  return false;
}

/** Makes of a tight list what Marked makes of a loose one: the items' text lies in paragraphs. @param {List} list */
function loosen(list) {
  list.loose = true;
  for (const item of list.items) {
    item.loose = true;
    for (const token of item.tokens) if (token.type === 'text') token.type = 'paragraph';
    const [box, text] = item.tokens;
    if (box?.type !== 'checkbox') continue;
    if (text?.type === 'paragraph') {
      item.tokens.shift();
      /** @type {Token[]} */ (text.tokens).unshift(box);
    } else item.tokens[0] = { type: 'paragraph', raw: box.raw, text: box.raw, tokens: [box] };
  }
}

/** Whether two lines are the head of a table. @param {string} lines */
export function isTableHead(lines) {
  const numbered = new Numbered();
  const text = scan(lines, 'markdown')
    .map((segment) => (segment.kind === 'math' ? numbered.placeholder(segment) : segment.text))
    .join('');
  return new Lexer().blockTokens(text)[0]?.type === 'table';
}

/** @param {string} source @param {boolean} goesOn @returns {{text: string, numbered: Numbered}} */
function protect(source, goesOn) {
  const numbered = new Numbered();
  const definitions = new ProseDefinitions(source);
  const { segments, unfinished, around } = scanUnfinished(source);
  const plain = overloaded(source, segments, around, goesOn ? source.length : unfinished);
  let text = '';
  let from = 0;
  /** @param {string} written */
  const shownPlainly = (written) => numbered.placeholder({ kind: 'plain', source: written });
  /** @param {number} to */
  const addText = (to) => {
    text += source.slice(from, to).replace(OURS, shownPlainly).replace(SUM_WITH_NOTE, shownPlainly);
    from = to;
  };
  /** @param {number} to */
  const addProse = (to) => {
    for (const { start, end } of definitions.between(from, to)) {
      addText(start);
      text += numbered.placeholder({ kind: 'definition', source: source.slice(start, end) });
      from = end;
    }
    addText(to);
  };
  for (const segment of segments) {
    while (plain.length > 0 && plain[0].start < segment.end) {
      const { start, end } = /** @type {Stretch} */ (plain.shift());
      addProse(start);
      text += numbered.placeholder({ kind: 'plain', source: source.slice(start, end) });
      from = end;
    }
    if (segment.kind !== 'math' || segment.start < from) continue;
    addProse(segment.start);
    if (CLOSES_BEFORE.test(source.slice(Math.max(0, segment.start - 5), segment.start))) text += PUNCTUATION;
    text += numbered.placeholder(segment);
    if (OPENS_AFTER.test(source.slice(segment.end, segment.end + 6))) text += PUNCTUATION;
    from = segment.end;
  }
  addProse(source.length);
  text = text.replace(CLOSES_IN_CJK, `$1${PUNCTUATION}`).replace(OPENS_IN_CJK, `${PUNCTUATION}$1`);
  return { text, numbered };
}

/** Formulas with their numbers; the same formula has the same number, unless one of two alike lies in a quote. */
class Numbered {
  /** @type {Formula[]} */
  formulas = [];
  /** @type {Map<string, number>} */
  #numbers = new Map();

  /** @param {Formula} formula */
  placeholder(formula) {
    const tex = formula.kind === 'math' ? formula.tex : '';
    const key = `${formula.source} ${formula.kind} ${tex}`;
    const number = this.#numbers.get(key) ?? this.formulas.push(formula) - 1;
    this.#numbers.set(key, number);
    return `\uE000${number}\uE001`;
  }
}

/**
 * The stretches that are shown as they were written: paragraphs so full of signs, or so deeply nested, that Marked
 * would take minutes or run out of stack, and the formula that the text breaks off in.
 * @param {string} source
 * @param {readonly import('./tex-scanner.js').Segment[]} segments
 * @param {import('./literal-text.js').Surroundings} around
 * @param {number} unfinished
 * @returns {Stretch[]}
 */
function overloaded(source, segments, { breaks, opaque }, unfinished) {
  /** @type {Stretch[]} */
  const stretches = [];
  const formulas = segments.filter(({ kind }) => kind === 'math');
  let formula = 0;
  let code = 0;
  for (const { start, end } of paragraphs(source, breaks, unfinished)) {
    while (code < opaque.length && opaque[code].end <= start) code += 1;
    while (formula < formulas.length && formulas[formula].end <= start) formula += 1;
    const isCode = opaque[code]?.code && opaque[code].start <= start && opaque[code].end >= end;
    if (end - start <= SIGNS.emphasis || isCode) continue;
    const trimmed = start + source.slice(start, end).trimEnd().length;
    const stretch = { start, end: trimmed };
    if (isOverloaded(aroundFormulas(source, stretch, formulas, formula))) stretches.push(stretch);
  }
  if (unfinished < source.length) stretches.push({ start: unfinished, end: source.length });
  return stretches;
}

/**
 * A stretch as Marked will see it, which meets marks in place of formulas.
 * @param {string} source
 * @param {Stretch} stretch
 * @param {readonly Stretch[]} formulas
 * @param {number} first the first of them that may lie in the stretch
 */
function aroundFormulas(source, { start, end }, formulas, first) {
  let text = '';
  let from = start;
  for (let index = first; index < formulas.length && formulas[index].start < end; index += 1) {
    text += `${source.slice(from, formulas[index].start)}\uE000\uE001`;
    from = formulas[index].end;
  }
  return text + source.slice(from, Math.max(from, end));
}

/**
 * What Marked takes for one paragraph at the most: rows that belong to no table are put together.
 * @param {string} source
 * @param {readonly number[]} breaks
 * @param {number} to
 * @returns {Generator<Stretch>}
 */
function* paragraphs(source, breaks, to) {
  const endOf = (/** @type {number} */ index) => Math.min(breaks[index + 1] ?? source.length, to);
  for (let index = 0, next = 1; index < breaks.length && breaks[index] < to; index = next, next += 1) {
    let head = -1;
    for (; next < breaks.length && breaks[next] < to && matchAt(ROW, source, breaks[next]); next += 1)
      if (head < 0 && isDelimiters(source.slice(breaks[next], endOf(next)))) head = next - 1;
    const isTable = head >= 0 && isTableHead(source.slice(breaks[head], endOf(head + 1)));
    const before = isTable ? head : next;
    if (before > index) yield { start: breaks[index], end: endOf(before - 1) };
    for (let row = before; row < next; row += 1) yield { start: breaks[row], end: endOf(row) };
  }
}

/** @param {string} line */
const isDelimiters = (line) => line.length < 1000 && line.trimEnd().replace(DELIMITERS, '') === '';

/** @param {string} paragraph */
function isOverloaded(paragraph) {
  if (/^[ \t]{200}/.test(paragraph) || (NESTED.test(paragraph) && !RULE.test(paragraph))) return true;
  const emphasis = paragraph.match(/[*_~]/g)?.length ?? 0;
  const brackets = paragraph.match(/[[(<!]/g)?.length ?? 0;
  const code = paragraph.match(/`{1,1000}/g)?.length ?? 0;
  if (emphasis > SIGNS.emphasis || brackets > SIGNS.brackets) return true;
  if ((emphasis + brackets + code) * paragraph.length > WORK) return true;
  if ((paragraph.match(DELIMITERS)?.length ?? 0) > SIGNS.delimiters) return true;
  if (ITEM.test(paragraph) && (paragraph.match(/\n/g)?.length ?? 0) > ITEM_LINES) return true;
  return (paragraph.match(RUN) ?? []).some((run) => (run.match(/[!`*~_]/g)?.length ?? 0) > RUN_SIGNS);
}

/**
 * Puts the source back where a placeholder fell into code, an attribute or an address.
 * @param {string} text
 * @param {readonly Formula[]} formulas
 */
export function restoreText(text, formulas) {
  return text
    .replace(PLACEHOLDER, (mark, number) => formulas[number]?.source ?? mark)
    .replace(IN_ADDRESS, (mark, number) => (formulas[number] ? encodeURI(formulas[number].source) : mark));
}
