/**
 * The quotes of an answer: where they stand in it, what was found when they were looked up, and the passage around
 * them. Pure functions; what they find is shown by quote-marks.js and passage.js.
 */

import { scan } from '../../../math-text/tex-scanner.js';

/** @typedef {'exact' | 'repaired' | 'elsewhere' | 'missing'} Status */
/** @typedef {{ quote: string, status: Status, anchor: string | null, passage: string | null, words: string | null }} Quote */

/** @type {Status[]} */
const STATUSES = ['exact', 'repaired', 'elsewhere', 'missing'];

// As app/asking/quotes.py has them.
const ANCHOR = String.raw`(?:abstract|title|[A-Za-z][\w.-]*\d[\w.-]*)`;
const ANCHORS = String.raw`[\[【(（]\s*(${ANCHOR}(?:\s*[,;，；、]\s*${ANCHOR})*)\s*[\]】)）]`;
const WRITTEN = new RegExp(
  String.raw`(?:"([^"“”]{1,4000})"|“([^“”]{1,4000})”)[*_]{0,3}[.,;:，。；]?\s{0,3}${ANCHORS}`,
  'g',
);
const TAIL = 24; // letters by which the quote before an anchor is known
const BEFORE = 400; // characters in which these letters are looked for

/** How many quotes came out in each way, those without any left out. @param {readonly Quote[]} quotes */
export function counts(quotes) {
  return STATUSES.map((status) => ({
    status,
    count: quotes.filter((quote) => quote.status === status).length,
  })).filter(({ count }) => count > 0);
}

/** Letters and digits alone, in lower case and without accents. @param {string} text */
export const folded = (text) =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');

/**
 * The answer with the paper's own words in the place of quotes that alter them.
 * @param {string} answer @param {readonly Quote[]} quotes in the order of the answer
 * @example withOwnWords('"it fell" [S1.p1]', [{ quote: 'it fell', status: 'repaired', words: 'it fell fast', … }])
 *   // '"it fell fast" [S1.p1]'
 */
export function withOwnWords(answer, quotes) {
  const left = [...quotes];
  return answer.replace(WRITTEN, (whole, straight, curly) => {
    const place = left.findIndex(({ quote }) => quote === (straight ?? curly).trim());
    if (place < 0) return whole;
    const { status, words } = left.splice(0, place + 1)[place];
    if (status !== 'repaired' || !words) return whole;
    const inner = straight ?? curly;
    return whole.slice(0, 1) + asMarkdown(words) + whole.slice(1 + inner.length);
  });
}

/** A text with formulas so that Markdown shows it as it is. @param {string} text */
export function asMarkdown(text) {
  return scan(text, 'latex')
    .map((part) =>
      part.kind === 'math' ? part.source : part.text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#|~]/g, '\\$&'),
    )
    .join('');
}

/**
 * Where the anchors of quotes stand in an answer as the page shows it; null for a quote that is not there (yet).
 * @param {string} text formulas as their TeX @param {readonly Quote[]} quotes
 * @returns {([start: number, end: number] | null)[]}
 */
export function anchorPlaces(text, quotes) {
  const groups = [...text.matchAll(new RegExp(ANCHORS, 'g'))].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    before: folded(text.slice(Math.max(0, match.index - BEFORE), match.index)),
    taken: false,
  }));
  return quotes.map(({ quote, words }) => {
    const tails = [quote, words ?? quote].map((one) => folded(one).slice(-TAIL));
    const found = groups.find(
      ({ taken, before }) => !taken && tails.some((tail) => tail !== '' && before.endsWith(tail)),
    );
    if (!found) return null;
    found.taken = true;
    return [found.start, found.end];
  });
}

/**
 * A passage cut where the quoted words begin and end; a formula is never cut.
 * @param {string} passage @param {string | null} words as the passage has them; an ellipsis stands for what is left out
 * @returns {{ text: string, marked: boolean }[]}
 */
export function passageParts(passage, words) {
  const formulas = scan(passage, 'latex').filter(({ kind }) => kind === 'math');
  /** @param {number} place @param {'start' | 'end'} side */
  const outside = (place, side) => {
    const around = formulas.find(({ start, end }) => start < place && place < end);
    return around ? around[side] : place;
  };
  const parts = [];
  let from = 0;
  for (const [start, end] of wordsIn(passage, words ?? '')) {
    const begin = Math.max(from, outside(start, 'start'));
    const close = outside(end, 'end');
    if (close <= begin) continue;
    parts.push({ text: passage.slice(from, begin), marked: false });
    parts.push({ text: passage.slice(begin, close), marked: true });
    from = close;
  }
  parts.push({ text: passage.slice(from), marked: false });
  return parts.filter(({ text }) => text !== '');
}

/** @param {string} passage @param {string} words @returns {Generator<[number, number]>} */
function* wordsIn(passage, words) {
  let from = 0;
  for (const part of words.split(' … ')) {
    if (part === '') continue;
    const start = passage.indexOf(part, from);
    if (start >= 0) {
      yield [start, start + part.length];
      from = start + part.length;
      continue;
    }
    // Words that go on in the next block: the passage is the first of them alone.
    const length = overlap(passage, part);
    if (length > 0) yield [passage.length - length, passage.length];
  }
}

/** How many of the first characters of some words end a passage. @param {string} passage @param {string} words */
function overlap(passage, words) {
  for (let length = Math.min(passage.length, words.length); length > 0; length -= 1)
    if (passage.endsWith(words.slice(0, length))) return length;
  return 0;
}

/**
 * Where an anchor is, in parts that words are made of: the kind of place and its number.
 * @param {string} anchor
 * @returns {{ kind: 'section' | 'appendix' | 'page' | 'table' | 'figure' | 'equation' | 'abstract' | 'title' | 'start' | 'other', number: string }}
 * @example placeOf('S2.SS1.p3') // { kind: 'section', number: '2.1' }
 */
export function placeOf(anchor) {
  if (anchor === 'abstract' || anchor === 'title') return { kind: anchor, number: '' };
  const page = /^page-(\d+)$/.exec(anchor);
  if (page) return { kind: 'page', number: page[1] };
  const thing = /\.([TFE])(\d+)[^.]*$/.exec(anchor);
  if (thing)
    return {
      kind: /** @type {const} */ ({ T: 'table', F: 'figure', E: 'equation' })[/** @type {'T'} */ (thing[1])],
      number: thing[2],
    };
  const section = /^([SA])(\d+)((?:\.S+\d+)*)(?:\.|$)/.exec(anchor);
  if (/^S0(?:\.|$)/.test(anchor)) return { kind: 'start', number: '' };
  if (!section) return { kind: 'other', number: anchor };
  const first = section[1] === 'A' ? String.fromCharCode(64 + Math.min(26, Number(section[2]))) : section[2];
  const number = [first, ...(section[3].match(/\d+/g) ?? [])].join('.');
  return { kind: section[1] === 'A' ? 'appendix' : 'section', number };
}

/**
 * The address of a passage at arXiv; null where it has none there.
 * @param {{ paper: string, version: string, source: string, anchor: string }} where
 */
export function addressAtArxiv({ paper, version, source, anchor }) {
  if (paper.startsWith('quire/')) return null;
  const name = version ? `${paper}v${version}` : paper;
  const { kind, number } = placeOf(anchor);
  if (source === 'pdf') return `https://arxiv.org/pdf/${name}#page=${kind === 'page' ? number : 1}`;
  if (source === 'html' && kind !== 'abstract' && kind !== 'title')
    return `https://arxiv.org/html/${name}#${anchor}`;
  return null;
}
