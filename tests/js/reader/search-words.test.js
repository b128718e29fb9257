import assert from 'node:assert/strict';
import { test } from 'node:test';

import { places } from '../../../static/js/reader/find.js';
import { wordsOf } from '../../../static/js/reader/search-words.js';

/** @param {string} query @param {string} text */
const marked = (query, text) =>
  places(text, wordsOf(query), true).map(([start, end]) => text.slice(start, end));

test('marks cover whole words, and only forms of the word', () => {
  assert.deepEqual(marked('learning', 'Learned, learns; a learner unlearns'), [
    'Learned',
    'learns',
    'learner',
  ]);
  assert.deepEqual(marked('graph', 'Graphs of graphene'), ['Graphs']);
  assert.deepEqual(marked('学习', '机器学习的'), ['学习']);
});

test('a quoted word is marked as it stands', () => {
  assert.deepEqual(wordsOf('"graphs of"'), ['graphs of']);
});

test('what is looked for in a comment or a DOI is not marked', () => {
  assert.deepEqual(wordsOf('co:ICML doi:10.1/x tree'), ['tree']);
});
