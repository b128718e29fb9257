import assert from 'node:assert/strict';
import { test } from 'node:test';

import { filled } from '../../../static/js/page/announcements.js';

test('values are filled in, and one paper is not called papers', () => {
  const text = 'Taken in: {count:,} {count:paper|papers} of {from}';
  assert.equal(filled(text, { count: 1, from: '$&' }), 'Taken in: 1 paper of $&');
  assert.equal(filled(text, { count: 1234, from: 'a' }), 'Taken in: 1,234 papers of a');
  assert.equal(filled(text, { count: 0 }), 'Taken in: 0 papers of {from}');
});
