/** The words that some texts have in common, weighed by how many of the texts hold them. Pure functions. */

import { fold } from './find.js';
import { scan } from '../../math-text/tex-scanner.js';

/** @typedef {{ word: string, texts: number, weight: number }} Frequent weight is 1 to 5 */

const SHORTEST = 3; // letters of a word without Chinese characters
const WEIGHTS = 5;
// Words that every abstract is made of, and so say nothing about what somebody reads.
const COMMON = new Set(
  `about above across after again against all allow allows almost along also although among and another any apply
  approach approaches are around article available based because been before behavior being below best better between
  both but can cannot case cases certain compared consider considered could current data demonstrate demonstrated
  demonstrates depend despite develop developed did different directly does done due during each effect effective
  effectively efficient either enable enables especially even every evidence existing experiments extend extensive
  fail finally find finding findings first focus following for found framework from full further general give given
  good had has have having help hence here high highly how however identify important improve improved improvement
  improves improving include including increase indeed into introduce introduced introduces investigate issue its itself
  key known large largely last lead leading leads learn less level leveraging like limited low made main make makes making many
  may mean means method methods might model models more moreover most much multiple must near need needed new next non
  not novel novo number obtain obtained often one only open order other others our out outperforms over overall own
  paper papers particular particularly perform performance possible potential present presented presents previous prior
  problem problems propose proposed proposes provide provided provides providing prove range rather reduce related remain
  remains require required requires research respect result resulting results same second see set several should show
  showing shown shows significant significantly similar simple since single small some specific specifically
  state still strong studies study such suggest suggests support system systems task tasks than that the their them then
  there these they this those three through thus time together towards two type types under understanding unlike use
  used useful uses using usually various very via was way well were what when where whether which while whose wide will
  with within without work works would yet you your https http github com org www code`.split(/\s+/),
);

/** @param {string} text a title or an abstract, as TeX @returns {Set<string>} */
function wordsOf(text) {
  const prose = scan(text, 'latex')
    .map((segment) => (segment.kind === 'prose' ? segment.text : ' '))
    .join(' ')
    .replace(/\\[a-zA-Z]+/g, ' ');
  const words = new Set();
  for (const { segment, isWordLike } of new Intl.Segmenter('en', { granularity: 'word' }).segment(
    fold(prose),
  )) {
    const isHan = /\p{Script=Han}/u.test(segment);
    if (!isWordLike || COMMON.has(segment) || /\d/.test(segment)) continue;
    if (segment.length >= (isHan ? 2 : SHORTEST)) words.add(singular(segment));
  }
  return words;
}

/** Plural and singular count as one word. @param {string} word */
const singular = (word) =>
  word.length > 3 && /[^asiu]s$/.test(word) ? word.replace(/([^aeiou])ies$/, '$1y').replace(/s$/, '') : word;

/**
 * The words that most of the texts hold, the most frequent first; a word in one text only is none of them.
 * @param {string[]} texts @param {number} most @returns {Frequent[]}
 */
export function frequentWords(texts, most) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const text of texts) for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const shared = [...counts]
    .filter(([word, count]) => count > 1 && !COMMON.has(word))
    .sort(([one, often], [other, seldom]) => seldom - often || (one < other ? -1 : 1))
    .slice(0, most);
  const top = Math.log(shared[0]?.[1] ?? 1);
  const low = Math.log(shared.at(-1)?.[1] ?? 1);
  return shared.map(([word, count]) => ({
    word,
    texts: count,
    weight: top > low ? 1 + Math.round(((WEIGHTS - 1) * (Math.log(count) - low)) / (top - low)) : WEIGHTS,
  }));
}
