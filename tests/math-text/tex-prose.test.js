import assert from 'node:assert/strict';
import { test } from 'node:test';

import { texProse } from '../../static/math-text/tex-prose.js';
import { scan } from '../../static/math-text/tex-scanner.js';
import { visibleText } from './reading.js';
import { collapsed, records, shared } from '../js/shared.js';

/** @param {string} source */
const read = (source) => texProse(scan(source, 'latex'));
/** @param {string} source */
const seen = (source) => visibleText(read(source));

const SEEN = [
  ['\\emph{a} \\textbf{b} \\textit{c} \\texttt{d} \\textsc{e}', 'a b c d e'],
  ["``so'' and `so'", '“so” and ‘so’'],
  ["the authors' `own' don't", "the authors' ‘own’ don't"],
  ['GPT-4o`s pass', 'GPT-4o`s pass'],
  ['a -- b --- c, win--lose', 'a – b — c, win–lose'],
  ['x --> y <-- z', 'x --> y <-- z'],
  ['Table~2, Fig.~3, $x$~dB', 'Table\u00A02, Fig.\u00A03, \uFFFC\u00A0dB'],
  ['about ~5 or 6~7 and –~no', 'about ~5 or 6~7 and –~no'],
  [
    'B\\\'ezier na\\"ive Erd\\H{o}s \\v{S}koda Fran\\c{c}ois ma\\~nana',
    'Bézier naïve Erdős Škoda François mañana',
  ],
  ["R\\'{e}nyi {\\\"o} \\'{\\i} \\'\\i", 'Rényi ö í í'],
  ['\\L ukasz, {\\o}m, Odwo{\\l}awcza, \\AA{}ngstr\\"om', 'Łukasz, øm, Odwoławcza, Ångström'],
  ['{\\alpha} and \\b{eta} at 30{\\deg}', 'α and β at 30°'],
  ['5\\% R\\&D a\\_b \\#1 \\$5 \\{x\\}', '5% R&D a_b #1 $5 {x}'],
  ['\\eg this, \\ie that, Doe \\etal say', 'e.g. this, i.e. that, Doe et al. say'],
  ['{\\it i.e.}, {\\bf b}, {\\em c}, {\\tt d--e}', 'i.e., b, c, d--e'],
  ['\\textcolor{red}{warm} {\\color{blue} cold}', 'warm cold'],
  ['\\url{https://a.org/b_c~d}', 'https://a.org/b_c~d'],
  ['at https://a.org/b\\_c.', 'at https://a.org/b_c.'],
  ['\\href{https://a.org/}{here}', 'here'],
  ['M\\textsuperscript{4}Fuse weights\\footnote{Gone}.', 'M4Fuse weightsGone.'],
  ['as in \\cite{a, b} and~\\citep[p. 3]{c}', 'as in [a, b] and\u00A0[c, p. 3]'],
  ['1{,}000 of {DNA}', '1,000 of {DNA}'],
  ['\\begin{itemize} \\item one \\item two \\end{itemize}', '\n• one \n• two \n'],
  ['at https://a.org/b/$x$ there', 'at https://a.org/b/\uFFFC there'],
  ['first\n\nsecond', 'first\nsecond'],
  [
    'with \\small{one} and \\bf{two}, {\\it{three} four} \\scriptsize five',
    'with one and two, three four five',
  ],
  ['\\num{36000} by \\gls{rl}: \\ding{182} a, \\ding{172} b, \\ding{51}', '36000 by rl: ❶ a, ① b, ✓'],
  ['at \\href{https://a.org/b_c} and \\url{a.org/b}', 'at https://a.org/b_c and a.org/b'],
  ['\\textcolor{red}WARNING', 'WARNING'],
  ['\\citet[see][p. 2]{a}', '[see a, p. 2]'],
  ['\\other{\\alpha} and {\\alpha}', '\\other{α} and α'],
  ['K \\in S, $x$\\!-like, a \\neq b', 'K ∈ S, \uFFFC-like, a ≠ b'],
];
const RAW = [
  '\\method works', '\\ours{} and \\name', '\\change{the \\word} here', '\\emph{never closed', 'a } b', 'a { b',
  '\\emph without', '\\href{javascript:alert(1)}{x}', '\\url{ftp://a.org}', '\\textbf', '\\', "\\'", '\\1,025', "\\'92s", '*a* _b_ #c',
  '-', '~', '`', "'", '`code`', '\\href{a}', '\\url{e.g}', '\\ding{999}', '\\cite', '\\textcolor{red}', 'h', 'http', '----',
]; // prettier-ignore

test('text mode is shown as TeX would set it', () => {
  for (const [source, expected] of SEEN) assert.equal(seen(source), expected, source);
});

test('what is not known is shown as it was written', () => {
  for (const source of RAW) assert.equal(seen(source), source);
});

test('emphasis holds mathematics', () => {
  assert.deepEqual(read('\\emph{a $x$} b'), [
    {
      type: 'em',
      children: [
        { type: 'text', text: 'a ' },
        { type: 'math', index: 1 },
      ],
    },
    { type: 'text', text: ' b' },
  ]);
});

test('links go to http and https alone', () => {
  const link = {
    type: 'link',
    href: 'https://a.org/b',
    children: [{ type: 'text', text: 'https://a.org/b' }],
  };
  assert.deepEqual(read('\\url{https://a.org/b}'), [link]);
  assert.deepEqual(read('https://a.org/b.'), [link, { type: 'text', text: '.' }]);
  const short = { type: 'link', href: 'https://a.org/b', children: [{ type: 'text', text: 'a.org/b' }] };
  assert.deepEqual(read('\\url{a.org/b}'), [short]);
  for (const address of ['javascript:alert(1)', 'data:text/html,a', ' javascript:a', 'file:///a', '//a.org'])
    assert.ok(!JSON.stringify(read(`\\href{${address}}{x} \\url{${address}}`)).includes('"link"'), address);
});

/** @param {readonly any[]} nodes @returns {number[]} */
function indexesIn(nodes) {
  return nodes.flatMap((node) => (node.type === 'math' ? [node.index] : indexesIn(node.children ?? [])));
}

test('nothing is lost of letters and digits, in random strings', () => {
  const parts = ['\\emph{', '\\textbf{', '{\\it ', '}', '{', '$x$', '``', "''", '`', "'", '--', '~', '\\%', '\\foo', '\\foo{', 'a1', ' b2 ', '\n\n', 'https://c.org ', '\\url{', '\\cite{', '\\\\', '\\item', "\\'e"]; // prettier-ignore
  for (let seed = 1; seed <= 3000; seed += 1) {
    let state = seed;
    let source = '';
    for (let length = 0; length < 16; length += 1) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      source += parts[(state >>> 8) % parts.length];
    }
    /** @param {string} text */
    const counts = (text) => ['a1', 'b2', 'foo', 'c.org'].map((word) => text.split(word).length);
    assert.deepEqual(counts(seen(source)), counts(source), JSON.stringify(source));
    const segments = scan(source, 'latex');
    const formulas = segments.flatMap((segment, index) => (segment.kind === 'math' ? [index] : []));
    assert.deepEqual(indexesIn(texProse(segments)), formulas, JSON.stringify(source));
  }
});

test('deep nesting stays shallow in the tree', () => {
  /** @param {readonly any[]} nodes @returns {number} */
  const depth = (nodes) =>
    Math.max(0, ...nodes.map((node) => (node.children ? 1 + depth(node.children) : 0)));
  const source = `${'\\emph{'.repeat(5000)}x${'}'.repeat(5000)}`;
  assert.ok(depth(read(source)) <= 41);
  assert.ok(seen(source).includes('x'));
});

const gold = shared('arxiv/gold_abstracts.jsonl');
test('every formula of the 300 annotated abstracts has its place in the tree', { skip: gold.skip }, () => {
  for (const { id, title, abstract } of records(gold.text))
    for (const source of [title, abstract]) {
      const segments = scan(source, 'latex');
      const formulas = segments.flatMap((segment, index) => (segment.kind === 'math' ? [index] : []));
      assert.deepEqual(indexesIn(texProse(segments)), formulas, id);
    }
});

test('the prose of the 300 annotated abstracts is what a reader expects', { skip: gold.skip }, () => {
  for (const { id, title, abstract, text, not_math: notMath } of records(gold.text)) {
    const visible = `${collapsed(seen(title))}\n${collapsed(seen(abstract))}`;
    for (const piece of text) assert.ok(visible.includes(collapsed(piece)), `${id}: ${piece}`);
    for (const piece of notMath) assert.ok(visible.includes(seen(piece)), `${id}: ${piece}`);
  }
});
