import assert from 'node:assert/strict';
import { test } from 'node:test';

import { frequentWords } from '../../../static/js/reader/frequent-words.js';

const words = (/** @type {string[]} */ texts) => frequentWords(texts, 10).map(({ word }) => word);

test('words that texts share come first, whatever their case and number, common ones and formulas left out', () => {
  const texts = [
    'We propose Kernels $kernel \\lambda$ for random walks',
    'A kernel on graphs with $walk$',
    'The kernel of a random graph',
  ];
  const frequent = frequentWords(texts, 10);
  assert.deepEqual(
    frequent.map(({ word, texts: count }) => [word, count]),
    [
      ['kernel', 3],
      ['graph', 2],
      ['random', 2],
    ],
  );
  assert.deepEqual(
    frequent.map(({ weight }) => weight),
    [5, 1, 1],
  );
});

test('a text counts once, a word of one text not at all, and words end as they are', () => {
  assert.deepEqual(words(['kernel kernel kernel']), []);
  assert.deepEqual(words(['bias of Gauss', 'bias of Gauss']), ['bias', 'gauss']);
  assert.deepEqual(words(['theories', 'theory']), ['theory']);
  assert.deepEqual(words(['机器学习', '学习']), ['学习']);
  assert.deepEqual(words([]), []);
});
