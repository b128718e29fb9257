import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  addressAtArxiv,
  anchorPlaces,
  asMarkdown,
  counts,
  passageParts,
  placeOf,
  withOwnWords,
} from '../../../../static/js/reader/asking/quotes.js';

/** @typedef {import('../../../../static/js/reader/asking/quotes.js').Quote} Quote */

/** @param {string} quote @param {Partial<Quote>} [more] @returns {Quote} */
const made = (quote, more) => ({
  quote,
  status: 'exact',
  anchor: 'S1.p1',
  passage: quote,
  words: quote,
  ...more,
});

test('altered quotes give way to the words of the paper, and all else stays', () => {
  const answer = 'It says "the loss fell by 3 points" [S1.p1], then “so it goes on” [S2.p1]. "Else" stays.';
  const quotes = [
    made('the loss fell by 3 points', { status: 'repaired', words: 'the loss fell by 30 points' }),
    made('so it goes on'),
  ];
  assert.equal(withOwnWords(answer, quotes), answer.replace('3 points', '30 points'));
  assert.equal(withOwnWords(answer, quotes.slice(1)), answer);
});

test('each of two equal quotes has its own outcome', () => {
  const answer = '"it holds for n" [S1.p1] and "it holds for n" [S9.p9]';
  const quotes = [
    made('it holds for n'),
    made('it holds for n', { status: 'repaired', words: 'it held for m' }),
  ];
  assert.equal(withOwnWords(answer, quotes), '"it holds for n" [S1.p1] and "it held for m" [S9.p9]');
});

test('words of a paper are not Markdown, and their formulas stay formulas', () => {
  assert.equal(asMarkdown('a * b_c <i> [x] $x_1*y$'), 'a \\* b\\_c \\<i\\> \\[x\\] $x_1*y$');
});

test('anchors are found behind their quotes, whatever the page made of the text between', () => {
  const text =
    'They say “$x^2$ grows — fast”, [S2.p1] and elsewhere [S2.p1] "it is  bounded" (S3.p2; S4.p1).';
  const [first, second, none] = anchorPlaces(text, [
    made('$x^2$ grows -- fast'),
    made('it is bounded'),
    made('never written'),
  ]);
  assert.deepEqual(first && text.slice(...first), '[S2.p1]');
  assert.equal(first?.[0], text.indexOf('[S2.p1]'));
  assert.deepEqual(second && text.slice(...second), '(S3.p2; S4.p1)');
  assert.equal(none, null);
});

test('an anchor belongs to one quote', () => {
  const text = '"it holds" [S1.p1] and "it holds" [S1.p2]';
  const places = anchorPlaces(text, [made('it holds'), made('it holds'), made('it holds')]);
  assert.deepEqual(
    places.map((place) => place && text.slice(...place)),
    ['[S1.p1]', '[S1.p2]', null],
  );
});

test('the quoted words of a passage are marked, and a formula is never cut', () => {
  const passage = 'We show that $a + b$ is small. And more.';
  /** @param {string | null} words */
  const marked = (words) =>
    passageParts(passage, words)
      .filter((part) => part.marked)
      .map(({ text }) => text);
  assert.deepEqual(marked('is small'), ['is small']);
  assert.deepEqual(marked('b$ is small'), ['$a + b$ is small']);
  assert.deepEqual(marked('We show … And more.'), ['We show', 'And more.']);
  assert.deepEqual(marked('And more. This stands in the next block.'), ['And more.']);
  assert.deepEqual(marked(null), []);
  for (const words of ['is small', 'b$ is small', 'We show … And more.', null, '', 'nowhere'])
    assert.equal(
      passageParts(passage, words)
        .map(({ text }) => text)
        .join(''),
      passage,
    );
});

test('anchors are places that people know', () => {
  for (const [anchor, kind, number] of [
    ['S2.p1', 'section', '2'],
    ['S2.SS1.SSS3.p4', 'section', '2.1.3'],
    ['S3', 'section', '3'],
    ['A2.p1', 'appendix', 'B'],
    ['S4.T1', 'table', '1'],
    ['S4.F2.g1', 'other', 'S4.F2.g1'],
    ['S3.E4', 'equation', '4'],
    ['page-12', 'page', '12'],
    ['abstract', 'abstract', ''],
    ['bib.bib3', 'other', 'bib.bib3'],
  ])
    if (kind !== 'other' || anchor.startsWith('bib'))
      assert.deepEqual(placeOf(anchor), { kind, number }, anchor);
});

test('passages are linked where arXiv has them', () => {
  const at = { paper: '2401.00001', version: '2', source: 'html', anchor: 'S2.p1' };
  assert.equal(addressAtArxiv(at), 'https://arxiv.org/html/2401.00001v2#S2.p1');
  assert.equal(
    addressAtArxiv({ ...at, source: 'pdf', anchor: 'page-3' }),
    'https://arxiv.org/pdf/2401.00001v2#page=3',
  );
  assert.equal(addressAtArxiv({ ...at, source: 'abstract', anchor: 'abstract' }), null);
  assert.equal(addressAtArxiv({ ...at, paper: 'quire/0001' }), null);
});

test('outcomes are counted, the good ones first', () => {
  const quotes = [made('a', { status: 'missing' }), made('b'), made('c')];
  assert.deepEqual(counts(quotes), [
    { status: 'exact', count: 2 },
    { status: 'missing', count: 1 },
  ]);
});
