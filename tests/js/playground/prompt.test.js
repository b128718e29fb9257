/** Whose text the pieces of a prompt are. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { countsOf, ownersOf, piecesOf } from '../../../static/js/playground/prompt.js';

test('a piece is of the message that a part of it stands in, else of the template', () => {
  const contents = [
    { message: 1, bytes: [4, 6] },
    { message: 0, bytes: [8, 11] },
  ];
  const spans = [[0, 4], [4, 5], [5, 7], [7, 8], [8, 11], [11, 11], [11, 12], [12, 12]]; // prettier-ignore
  assert.deepEqual(ownersOf(spans, contents), [-1, 1, 1, -1, 0, 0, -1, -1]);
  assert.deepEqual(ownersOf(spans, []), Array(8).fill(-1));
});

test('a piece over a whole content is of its message, and the places are bytes', () => {
  const { bytes, owners } = piecesOf({
    prompt: '<你>',
    ids: [1],
    count: 1,
    messages: [{ role: 'user', count: 1 }],
    byte_spans: [[0, 5]],
    contents: [{ message: 0, bytes: [1, 4] }],
  });
  assert.equal(bytes.length, 5);
  assert.deepEqual(owners, [0]);
});

test('what belongs to no message is counted last', () => {
  const answer = { prompt: '', ids: [], count: 5, byte_spans: [], contents: [] };
  const messages = [
    { role: 'user', count: 3 },
    { role: null, count: 2 },
  ];
  assert.deepEqual(countsOf({ ...answer, messages }, 1), [3, 2]);
  assert.deepEqual(countsOf({ ...answer, messages: messages.slice(0, 1) }, 1), [3, 0]);
});
