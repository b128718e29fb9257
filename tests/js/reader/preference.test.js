import assert from 'node:assert/strict';
import { test } from 'node:test';

import { liking, withWord } from '../../../static/js/reader/preference.js';

test('a word counts once, more in a title, and against with a hyphen before it', () => {
  const like = liking('kernel "random walk" -survey');
  assert.deepEqual(like('A kernel, a Kernel', 'Of kernels'), { score: 3, found: ['kernel'] });
  assert.deepEqual(like('Graphs', 'A random\nwalk with kernels'), {
    score: 2,
    found: ['kernel', 'random walk'],
  });
  assert.equal(like('A survey of kernels', '').score, 0);
  assert.equal(like('Nothing', 'of the kind').score, 0);
  assert.deepEqual(liking('')('Any', 'thing'), { score: 0, found: [] });
});

test('a word is put to the others once, and taken away by itself', () => {
  assert.equal(withWord('', 'kernel'), 'kernel');
  assert.equal(withWord('graph -survey', 'random walk'), 'graph -survey "random walk"');
  assert.equal(withWord('graph "random walk" -survey', 'random walk'), 'graph -survey');
  assert.equal(withWord('Graph', 'graph'), '');
});
