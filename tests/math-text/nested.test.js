// Formulas within lists, quotes and code are found where remark-math finds them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { nestedText } from './nested.js';
import { readByRemark, readByUs } from './remark.js';

const ROUNDS = Number(process.env.ROUNDS ?? 400);

test('texts nested at random have the formulas that remark-math reads, but for one in 300', (t) => {
  const differing = [];
  for (let seed = 1; seed <= ROUNDS; seed += 1) {
    const text = nestedText(seed);
    const [remark, ours] = [readByRemark(text), readByUs(text)].map((found) => found.map(({ tex }) => tex));
    if (JSON.stringify(remark) !== JSON.stringify(ours)) differing.push({ seed, text, remark, ours });
  }
  t.diagnostic(`${differing.length} of ${ROUNDS} differ`);
  assert.ok(differing.length <= ROUNDS / 300, JSON.stringify(differing[0], null, 1));
});
