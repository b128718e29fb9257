import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  checkBounds,
  emptyRecord,
  fromFile,
  idsOfLink,
  isEmpty,
  linkHash,
  merged,
  tagsOf,
  toFile,
  wellFormed,
} from '../../../static/js/shelf/shelf-records.js';
import { randomFrom } from '../../math-text/reading.js';

const TIMES = [null, '2026-06-29T07:00:00.000Z', '2026-06-30T07:00:00.000Z'];
const NOTES = ['', 'one', 'two', 'one and two', 'zwei\nZeilen'];

/** @param {() => number} random */
function anyRecord(random) {
  const of = (/** @type {any[]} */ values) => values[Math.floor(random() * values.length)];
  return {
    id: '2606.00001',
    starred: of(TIMES),
    read: of(TIMES),
    tags: tagsOf(['a', 'b', 'c d', '标签'].filter(() => random() < 0.5).join(',')),
    note: of(NOTES),
  };
}

test('merging loses nothing, and merging again changes nothing', () => {
  const random = randomFrom(7);
  for (let round = 0; round < 500; round += 1) {
    const [ours, theirs] = [anyRecord(random), anyRecord(random)];
    const both = merged(ours, theirs);
    for (const one of [ours, theirs]) {
      assert.ok(!one.starred || (both.starred && both.starred <= one.starred));
      assert.ok(!one.read || (both.read && both.read <= one.read));
      assert.ok(one.tags.every((tag) => both.tags.includes(tag)));
      assert.ok(both.note.includes(one.note));
      assert.deepEqual(merged(both, one), both);
    }
  }
});

test('a file gives back what was written to it', () => {
  const random = randomFrom(11);
  const records = Array.from({ length: 50 }, (_, index) => ({
    ...anyRecord(random),
    id: `2606.${String(index).padStart(5, '0')}`,
  }));
  assert.deepEqual(fromFile(toFile(records)), { records, bad: 0 });
});

test('records that are none are counted, and the others kept', () => {
  const good = { ...emptyRecord('math/0211159'), starred: '2026-06-29T07:00:00.000Z' };
  const bad = [
    null,
    7,
    { id: '<script>' },
    { ...good, id: ['math/0211159'] },
    { ...good, id: { toString: 'math/0211159' } },
    { id: '../../etc' },
    { ...good, starred: 'yesterday' },
    { ...good, starred: '9999-99-99T99:99:99Z' },
    { ...good, read: '0000-00-00T00:00:00Z' },
    { ...good, read: {} },
    JSON.parse('{"__proto__": {"id": "math/0211159"}}'),
    { ...good, id: '__proto__' },
    { ...good, id: 'math/0211159\n' },
    { ...good, tags: 'a' },
    { ...good, tags: [1] },
    { ...good, note: { toString: 1 } },
    { ...good, note: 'x'.repeat(100_001) },
  ];
  const file = JSON.stringify({ format: 'quire-shelf', version: 1, papers: [...bad, good] });
  assert.deepEqual(fromFile(file), { records: [good], bad: bad.length });
  assert.deepEqual(fromFile(`\ufeff${file.replaceAll(',', ',\r\n')}`), { records: [good], bad: bad.length });
});

test('what is wrong in a kept record costs that field alone', () => {
  const good = {
    id: 'math/0211159',
    starred: '2026-06-29T07:00:00.000Z',
    read: null,
    tags: ['a'],
    note: 'mine',
  };
  for (const wrong of [
    5,
    {},
    [],
    true,
    NaN,
    '9999-99-99T99:99:99Z',
    ['2026-06-29T07:00:00.000Z'],
    new Date(NaN),
  ])
    assert.deepEqual(wellFormed({ ...good, starred: wrong }), { ...good, starred: null });
  assert.deepEqual(wellFormed({ ...good, tags: ['a', 5, null] }), good);
  assert.deepEqual(wellFormed({ ...good, tags: '__proto__' }), { ...good, tags: [] });
  assert.deepEqual(wellFormed({ ...good, note: ['mine'] }), { ...good, note: '' });
  for (const none of [null, undefined, 5, 'math/0211159', [], { ...good, id: ['math/0211159'] }])
    assert.equal(wellFormed(none), null);
});

test('what is not a file of a shelf is refused', () => {
  for (const text of [
    '',
    '[]',
    'null',
    '{}',
    '{"format":"quire-shelf"}',
    '{"format":"quire-shelf","version":2,"papers":[]}',
  ])
    assert.throws(() => fromFile(text), SyntaxError, text);
});

test('a link carries ids and nothing else', () => {
  const ids = ['2606.00001', 'math/0211159', 'quire/0001', 'hep-th/9901001'];
  assert.deepEqual(idsOfLink(linkHash(ids)), ids);
  assert.deepEqual(idsOfLink('#ids=2606.00001,2606.00001,<b>,javascript:1,../x'), ['2606.00001']);
  assert.deepEqual(idsOfLink(''), []);
});

test('tags are typed with commas of either script', () => {
  assert.deepEqual(tagsOf(' b, a，b ,, c d '), ['a', 'b', 'c d']);
  assert.ok(isEmpty({ ...emptyRecord('2606.00001'), tags: tagsOf(' , ') }));
});

test('what no file may hold is named before it is kept', () => {
  const note = 'a'.repeat(60_000);
  const both = merged(
    { ...emptyRecord('2401.00001'), note },
    { ...emptyRecord('2401.00001'), note: `b${note}c` },
  );
  assert.doesNotThrow(() => checkBounds(both)); // one note holds the other
  const longer = merged(both, { ...emptyRecord('2401.00001'), note: 'd'.repeat(60_000) });
  assert.throws(() => checkBounds(longer), /tooLongNote/);
  const tags = Array.from({ length: 60 }, (_, index) => `t${index}`);
  const tagged = merged(
    { ...emptyRecord('2401.00001'), tags },
    { ...emptyRecord('2401.00001'), tags: tags.map((tag) => `${tag}!`) },
  );
  assert.throws(() => checkBounds(tagged), /tooManyTags/);
});
