import assert from 'node:assert/strict';
import { test } from 'node:test';

import { asksNothing, fold, matches, places, wanted } from '../../../static/js/reader/find.js';
import { randomFrom } from '../../math-text/reading.js';

/** @param {string} text @param {string} words @param {boolean} [any] */
const finds = (text, words, any = false) => matches(fold(text), wanted(words, any));

test('words are included, excluded, joined by AND or OR, and quoted', () => {
  const text = 'Neural networks on a Random\n  walk of graphs';
  assert.ok(finds(text, 'neural graph'));
  assert.ok(!finds(text, 'neural kernel'));
  assert.ok(finds(text, 'neural kernel', true));
  assert.ok(!finds(text, 'neural -graph'));
  assert.ok(!finds(text, 'neural kernel -walk', true));
  assert.ok(finds(text, '-kernel'));
  assert.ok(finds(text, '"random walk"'));
  assert.ok(!finds(text, '"walk random"'));
  assert.ok(!finds(text, '-"random walk"'));
  assert.ok(finds(text, '"random wal'), 'a quote that is still being typed');
  for (const nothing of ['', ' ', '-', '""', '- -']) assert.ok(asksNothing(wanted(nothing, false)), nothing);
});

test('case and accents make no difference, nor does the way that TeX writes them', () => {
  for (const name of ['Schrödinger', 'Schr\\"odinger', 'Schr\\"{o}dinger', '{Schr{\\"o}dinger}'])
    for (const typed of ['schrodinger', 'Schrödinger', 'SCHRÖDINGER']) assert.ok(finds(name, typed), name);
  assert.ok(finds("Erd\\H{o}s and Dvo\\v{r}\\'ak", 'erdős dvořák'));
  assert.ok(finds('机器学习与图', '学习'));
  assert.ok(finds('$\\beta$-mixing', '\\beta'));
});

test('places are where the words stand in the text as it is shown', () => {
  const text = 'Über 𝔘ber, ÜBER and uber\nwalk';
  const found = places(text, ['uber', 'uber walk']);
  assert.deepEqual(
    found.map(([from, to]) => text.slice(from, to)),
    ['Über', '𝔘ber', 'ÜBER', 'uber'],
  );
  assert.deepEqual(places('aXbxc', ['x']), [
    [1, 2],
    [3, 4],
  ]);
});

test('places lie within the text, in order, apart, and hold the words', () => {
  const random = randomFrom(3);
  const signs = [...'aAäÄbB\u0301ßﬁİ𝔞 \n{}学'];
  for (let round = 0; round < 2000; round += 1) {
    const text = Array.from({ length: 12 }, () => signs[Math.floor(random() * signs.length)]).join('');
    let end = 0;
    for (const [from, to] of places(text, ['a', 'ab', 'ss', 'fi', '学'])) {
      assert.ok(from >= end && to > from && to <= text.length);
      assert.ok(/[aäbßﬁ𝔞学]/iu.test(text.slice(from, to)));
      end = to;
    }
  }
});
