/**
 * What the find bar understands: words to include and exclude, and where they stand in a text. Pure functions.
 *
 * Words are found in the middle of words too, whatever their case and accents, TeX's accents among them.
 */

/**
 * @typedef {object} Wanted
 * @property {string[]} include folded
 * @property {string[]} exclude folded
 * @property {boolean} any whether one of the included is enough
 */

const MOST_WORDS = 50;
const MARKS = /\p{M}/gu;
const TEX_ACCENT = /\\(?:["'`^~=.]|[uvHcdkr](?![a-zA-Z]))\s*\{?\s*\\?([a-zA-Z])\s*\}?/g;
const PLAIN = /^[\x20-\x7E\n]*$/;

/** One character without case and accents; often one, sometimes more or none. @param {string} text */
const foldCharacters = (text) => text.normalize('NFKD').replace(MARKS, '').toLowerCase();

/** A text as it is searched: without case, accents, TeX's accents and braces, white space as one space. @param {string} text */
export function fold(text) {
  const bare = text.includes('\\') ? text.replace(TEX_ACCENT, '$1') : text;
  return (PLAIN.test(bare) ? bare.toLowerCase() : foldCharacters(bare))
    .replace(/[{}]/g, '')
    .replace(/\s+/g, ' ');
}

/**
 * `graph -neural "random walk"`: words to include, words with a hyphen before to exclude, quotes for several words.
 * @param {string} text @param {boolean} any @returns {Wanted}
 */
export function wanted(text, any) {
  /** @type {Wanted} */
  const found = { include: [], exclude: [], any };
  for (const [, minus, quoted, word] of [...text.matchAll(/(-?)(?:"([^"]*)"?|(\S+))/g)].slice(
    0,
    MOST_WORDS,
  )) {
    const folded = fold(quoted ?? word).trim();
    if (folded && folded !== '-') (minus ? found.exclude : found.include).push(folded);
  }
  return found;
}

/** @param {Wanted} wanted */
export const asksNothing = ({ include, exclude }) => include.length + exclude.length === 0;

/** @param {string} folded a folded text @param {Wanted} wanted */
export function matches(folded, { include, exclude, any }) {
  if (exclude.some((word) => folded.includes(word))) return false;
  if (include.length === 0) return true;
  return any ? include.some((word) => folded.includes(word)) : include.every((word) => folded.includes(word));
}

/** Letters of scripts that part words by spaces, and digits. */
const LETTER = /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}]/u;
/** What the forms of a word may end in, after the stem that a search goes by. */
const FORM =
  /(?:e|y|s|es|ies|d|ed|er|ers|or|ors|ing|ings|ion|ions|ation|ations|ative|ive|ives|ively|ivity|ity|ities|al|als|ally|ly|able|ably|ment|ments|ness|ize|izes|ized|izing|ization|ic|ics|ical|ically|ism|ist|ists){0,3}(?![\p{Script=Latin}])/uy;

/**
 * Where folded words stand in a text as it is shown, as positions in it, in order and not overlapping.
 * @param {string} text @param {string[]} words
 * @param {boolean} [whole] whether words begin where a word does, and their places go on to where it ends
 * @returns {[number, number][]} half open
 */
export function places(text, words, whole = false) {
  const { folded, from, to } = foldWithOrigins(text);
  /** @type {[number, number][]} */
  const all = [];
  for (const word of words)
    for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + word.length)) {
      const end = whole ? endOfWord(folded, at, at + word.length) : at + word.length;
      if (end > 0) all.push([from(at), to(end - 1)]);
    }
  all.sort(([one], [other]) => one - other);
  let end = 0;
  return all.filter(([start, stop]) => start >= end && (end = stop));
}

/**
 * Where the word ends that a stem begins at `at`, or 0 where none begins there or it goes on as another word does.
 * @param {string} folded @param {number} at @param {number} end
 */
function endOfWord(folded, at, end) {
  if (LETTER.test(folded[at]) && LETTER.test(folded[at - 1] ?? '')) return 0;
  if (!LETTER.test(folded[end - 1])) return end;
  FORM.lastIndex = end;
  const stop = end + (FORM.exec(folded)?.[0].length ?? 0);
  return LETTER.test(folded[stop] ?? '') ? 0 : stop;
}

/** A text folded sign for sign, and for each position in it where its sign starts and ends. @param {string} text */
function foldWithOrigins(text) {
  if (PLAIN.test(text)) {
    const folded = text.toLowerCase().replace(/\n/g, ' ');
    return { folded, from: (/** @type {number} */ at) => at, to: (/** @type {number} */ at) => at + 1 };
  }
  let folded = '';
  /** @type {number[]} */
  const starts = [];
  /** @type {number[]} */
  const ends = [];
  let at = 0;
  for (const sign of text) {
    const part = /\s/.test(sign) ? ' ' : foldCharacters(sign);
    for (let unit = 0; unit < part.length; unit += 1) {
      starts.push(at);
      ends.push(at + sign.length);
    }
    folded += part;
    at += sign.length;
  }
  return {
    folded,
    from: (/** @type {number} */ at) => starts[at],
    to: (/** @type {number} */ at) => ends[at],
  };
}
