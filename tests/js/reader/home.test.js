import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expressionOf, ownCategories, turned } from '../../../static/js/reader/own-categories.js';
import { dayAfter, sayMoment, shortDay, visited } from '../../../static/js/reader/visits.js';

const CODE = 'cs.AI';
const MINUTE = 60_000;

test('a category is turned in, out and neither', () => {
  const once = turned([], CODE);
  const twice = turned(once, CODE);
  assert.deepEqual(
    [once, twice, turned(twice, CODE)].map((own) => own.map(({ standing }) => standing)),
    [['in'], ['out'], []],
  );
});

test('the expression of a choice is sorted, what is out behind what is in', () => {
  let own = turned([], 'cs.LG');
  for (const code of ['cs.CY', 'cs.CY', 'cond-mat.mtrl-sci', 'cs.AI']) own = turned(own, code);
  assert.equal(expressionOf(own), 'cond-mat.mtrl-sci+cs.AI+cs.LG-cs.CY');
  assert.equal(expressionOf([]), '');
});

test('what was kept and is not a choice is left out', () => {
  const own = [{ code: CODE, standing: 'in' }];
  const bad = [null, 3, { code: '../x', standing: 'in' }, { code: CODE, standing: 'maybe' }];
  assert.deepEqual(ownCategories([...bad, ...own]), own);
  for (const given of [null, 'cs.AI', {}, undefined]) assert.deepEqual(ownCategories(given), []);
});

test('a visit ends half an hour after the page was opened last', () => {
  const first = visited(null, 0, '2026-06-30');
  assert.equal(first.last, null, 'nothing is new to who never was here');
  const again = visited(first, 20 * MINUTE, '2026-07-01');
  assert.equal(again.last, null);
  const later = visited(again, 51 * MINUTE, '2026-07-02');
  assert.deepEqual(later.last, { time: 20 * MINUTE, day: '2026-07-01' });
  assert.deepEqual(visited(later, 52 * MINUTE, '2026-07-02').last, later.last, 'the same visit goes on');
  const day = '2026-07-01';
  for (const current of [
    { time: 'x', day: 1 },
    { time: 0, day: '2026-99-99' },
    { time: 0, day: [day] },
    { time: 1e300, day },
    { time: [0], day },
    null,
  ])
    assert.equal(visited({ current, last: current }, 60 * MINUTE, day).last, null);
});

test('the day after and the moment are those of the calendar and of the language', () => {
  assert.deepEqual(['2026-02-28', '2024-02-28', '2026-12-31'].map(dayAfter), [
    '2026-03-01',
    '2024-02-29',
    '2027-01-01',
  ]);
  const time = new Date(2026, 10, 24, 9, 12).getTime();
  assert.match(sayMoment(time, time + 1000, 'en'), /^Tuesday,? 09:12$/);
  assert.equal(sayMoment(time, time + 1000, 'zh'), '星期二09:12');
  assert.equal(sayMoment(time, time + 7 * 24 * 3600_000, 'en'), '24 November 2026');
});

test('a day has its year beside a day of another', () => {
  assert.equal(shortDay('2026-06-29', '2026-11-30', 'en'), '29 Jun');
  assert.equal(shortDay('2025-12-02', '2026-11-30', 'en'), '2 Dec 2025');
  assert.equal(shortDay('2026-06-29', '2026-11-30', 'zh'), '6月29日');
  assert.equal(shortDay('2025-12-02', '2026-11-30', 'zh'), '2025年12月2日');
});
