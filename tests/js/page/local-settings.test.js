import assert from 'node:assert/strict';
import { test } from 'node:test';

import { kept, keptText } from '../../../static/js/page/local-settings.js';

test('what is kept as a text is read as one, whatever stands there', () => {
  const item = { value: /** @type {string | null} */ (null) };
  Object.assign(globalThis, { localStorage: { getItem: () => item.value } });
  for (const [value, text] of [
    ['"graph"', 'graph'],
    ['5', ''],
    ['{"a":1}', ''],
    ['["a"]', ''],
    ['null', ''],
    ['{', ''],
    [null, ''],
  ]) {
    item.value = value;
    assert.equal(keptText('words'), text);
  }
  assert.equal(kept('words'), null);
});
