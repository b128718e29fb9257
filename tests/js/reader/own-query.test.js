import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isAskedFor, parted, queriesOf } from '../../../static/js/reader/own-query.js';

const record = { id: '2401.00001', starred: 'x', read: null, tags: ['To read', 'kernels'], note: '' };

test('what the browser answers is parted from what the server does', () => {
  const none = { starred: null, tags: [], withoutTags: [] };
  assert.deepEqual(parted('ti:graph in:starred -survey'), {
    own: { ...none, starred: true },
    rest: 'ti:graph -survey',
  });
  assert.deepEqual(parted('in:starred AND "random walk"')?.rest, '"random walk"');
  assert.deepEqual(parted('kernel AND tag:"To read" AND -tag:old'), {
    own: { ...none, tags: ['to read'], withoutTags: ['old'] },
    rest: 'kernel',
  });
  assert.deepEqual(parted('-in:starred tag:a')?.own, { starred: false, tags: ['a'], withoutTags: [] });
  assert.equal(parted('staging:x')?.rest, 'staging:x');
});

test('what OR, NOT or brackets tie together is not parted', () => {
  for (const query of [
    'graph OR in:starred',
    'in:starred OR graph',
    'NOT in:starred',
    '(in:starred graph) tree',
  ])
    assert.equal(parted(query), null, query);
});

test('a paper is asked for by its star and all of the tags', () => {
  const asks = (/** @type {string} */ query) => isAskedFor(/** @type {any} */ (parted(query)).own)(record);
  assert.ok(
    asks('in:starred') && asks('tag:kernels') && asks('in:starred tag:"to read"') && asks('-tag:old'),
  );
  assert.ok(
    !asks('-in:starred') && !asks('tag:kernel') && !asks('tag:kernels tag:old') && !asks('-tag:kernels'),
  );
});

test('queries by ids hold every id once and stay within what the server takes', () => {
  const ids = Array.from({ length: 500 }, (_, number) => `2401.${String(number).padStart(5, '0')}`);
  for (const rest of ['graph', 'a '.repeat(120).trim(), 'x'.repeat(1500)]) {
    const queries = queriesOf(rest, ids);
    assert.deepEqual(
      queries.flatMap((query) => [...query.matchAll(/id:(\S+?)(?=[\s)])/g)].map(([, id]) => id)),
      ids,
    );
    for (const query of queries) {
      assert.ok(query.length <= 2048 && query.startsWith(`(${rest}) AND (`));
      assert.ok(query.split(/\s+/).filter((word) => !/^(OR|AND)$/.test(word)).length <= 200);
    }
  }
});
