/** Passages and pieces of the playground. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  bytesOf,
  characters,
  differing,
  lineAt,
  passagesOf,
  placed,
  shown,
  whole,
} from '../../../static/js/playground/text.js';

const TEXTS = [
  '',
  'one line',
  '\n\n',
  'a\n\nb\r\nc',
  `${'word '.repeat(100)}\n`.repeat(40),
  '🦊你'.repeat(3000),
  'x\n'.repeat(5000),
];

test('passages are whole lines and together the text', () => {
  for (const text of TEXTS) {
    const passages = passagesOf(text);
    assert.equal(passages.map((passage) => passage.text).join(''), text);
    let before = 0;
    for (const [i, passage] of passages.entries()) {
      assert.equal(passage.character, before);
      before += [...passage.text].length;
      // A run of newlines ends a line, so no passage begins with what belongs to it.
      assert.ok(i === 0 || (passages[i - 1].text.endsWith('\n') && !passage.text.startsWith('\n')));
      assert.ok(passage.text.length <= 2000 || !/\n[^\n]/.test(passage.text));
    }
  }
});

test('the line at a place ends where its words do, and an empty one gives the line before it', () => {
  const text = 'one \ntwo  \n\n  \nthree';
  const lines = [...text, ''].map((_, place) => lineAt(text, place));
  assert.deepEqual(lines.slice(0, 5), Array(5).fill('one'));
  assert.deepEqual(lines.slice(5, 15), Array(10).fill('two'));
  assert.deepEqual(lines.slice(15), Array(6).fill('three'));
  assert.equal(lineAt('\n\nlast', 0), '');
});

test('characters are code points', () => {
  for (const text of TEXTS) assert.equal(characters(text), [...text].length);
});

test('halves of surrogate pairs are replaced, whole ones kept', () => {
  assert.equal(whole('a\ud83e b\udd8a 🦊'), 'a\ufffd b\ufffd 🦊');
});

test('bytes that are not whole characters show in hexadecimal', () => {
  assert.deepEqual(shown(bytesOf('天').subarray(0, 2), false), { shown: 'E5 A4', raw: true });
  assert.deepEqual(shown(bytesOf('天'), false), { shown: '天', raw: false });
  assert.deepEqual(shown(bytesOf('\ufeff'), false), { shown: '\ufeff', raw: false });
});

test('white space and control characters can be seen', () => {
  assert.equal(shown(bytesOf(' a\tb\n'), true).shown, '·a→\tb↵\n');
  assert.equal(shown(bytesOf(' a\n'), false).shown, ' a\n');
  assert.equal(shown(bytesOf('\0\x1b'), false).shown, '␀␛');
});

test('a piece differs unless the other model cuts it at both ends too', () => {
  /** @param {number[][]} byte_spans */
  const pieces = (byte_spans) => ({ bytes: new Uint8Array(), ids: [], scores: [], byte_spans });
  const one = pieces([
    [0, 2],
    [2, 3],
    [3, 5],
  ]);
  const other = pieces([
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 5],
  ]);
  assert.deepEqual([...differing(one, other)], [1, 0, 0]);
  assert.deepEqual([...differing(other, one)], [1, 1, 0, 0]);
});

test('places are to the byte where the pieces give the text back', () => {
  const byte_spans = [[0, 1], [1, 3]]; // prettier-ignore
  const source_byte_spans = [[0, 3], [3, 3]]; // prettier-ignore
  const spans = { byte_spans, source_byte_spans };
  assert.deepEqual(placed('你', spans, true), { bytes: bytesOf('你'), byte_spans });
  assert.deepEqual(placed('你', spans, false), { bytes: bytesOf('你'), byte_spans: source_byte_spans });
  const composed = { byte_spans: [[0, 2]], source_byte_spans: [[0, 3]] };
  assert.deepEqual(placed('e\u0301', composed, true).bytes, bytesOf('é'));
  assert.deepEqual(placed('Äh', { byte_spans: [[0, 2]], source_byte_spans: [[0, 3]] }, true).byte_spans, [
    [0, 3],
  ]);
});
