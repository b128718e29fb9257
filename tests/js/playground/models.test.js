import assert from 'node:assert/strict';
import { test } from 'node:test';

import { percentOf } from '../../../static/js/playground/models.js';

test('a share of a context has places where it is small', () => {
  const shares = [0, 1, 13, 131, 1310, 13_107, 131_072, 262_144].map((count) => percentOf(count, 131_072));
  assert.deepEqual(shares, ['0.00', '<0.01', '<0.01', '0.10', '1.00', '10.0', '100', '200']);
});
