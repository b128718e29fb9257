import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { scan } from '../../static/math-text/tex-scanner.js';
import { formulasOf } from './reading.js';
import { collapsed, records, shared } from '../js/shared.js';

const CASES = new URL('cases/', import.meta.url);

/** @param {{tex: string, display: boolean}[]} formulas */
const comparable = (formulas) => formulas.map(({ tex, display }) => ({ tex: collapsed(tex), display }));

for (const kind of ['mathematics', 'text']) {
  const folder = new URL(`${kind}/`, CASES);
  const inputs = readdirSync(folder).filter((name) => !name.endsWith('.json'));
  test(`${inputs.length} texts with ${kind === 'text' ? 'no mathematics' : 'mathematics'} are read as a reader would`, async (t) => {
    assert.ok(inputs.length >= 75);
    for (const name of inputs)
      await t.test(name, () => {
        const [base, format] = name.split('.');
        const source = readFileSync(new URL(name, folder), 'utf8');
        const expected = JSON.parse(readFileSync(new URL(`${base}.json`, folder), 'utf8'));
        assert.deepEqual(
          comparable(formulasOf(source, format === 'latex' ? 'latex' : 'markdown')),
          comparable(expected.math),
        );
      });
  });
}

const cases = shared('markdown/cases.json');
test('the shared Markdown cases give their mathematics', { skip: cases.skip }, () => {
  for (const { name, markdown, math } of JSON.parse(cases.text)) {
    // Indented code is left to Marked: what is found there is given back as it was.
    if (name.startsWith('p-18')) continue;
    assert.deepEqual(comparable(formulasOf(markdown, 'markdown')), comparable(math), name);
  }
});

const gold = shared('arxiv/gold_abstracts.jsonl');
test('the 300 annotated abstracts give exactly their mathematics', { skip: gold.skip }, () => {
  for (const record of records(gold.text))
    for (const where of ['title', 'abstract']) {
      const expected = record.math.filter((/** @type {any} */ formula) => formula.where === where);
      assert.deepEqual(
        comparable(formulasOf(record[where], 'latex')),
        comparable(expected),
        `${record.id} ${where}`,
      );
    }
});

const snapshot = shared('arxiv/arxiv-metadata-sample.jsonl.gz');
test('in 20,000 abstracts no formula is lost against an independent count', { skip: snapshot.skip }, () => {
  const found = { formulas: 0, otherwise: 0 };
  for (const { title, abstract } of records(snapshot.text))
    for (const source of [title, abstract]) {
      const segments = scan(source, 'latex');
      assert.equal(segments.map(({ start, end }) => source.slice(start, end)).join(''), source);
      const starts = segments.filter(({ kind }) => kind === 'math').map(({ start }) => start);
      const simple =
        /\\[^([]|(\$\$[^$]+\$\$|\$[^$]+\$|\\\([^]+?\\\)|\\\[[^]+?\\\]|\\begin\{equation\*?\}[^]+?\\end\{equation\*?\})/g;
      const counted = [...source.matchAll(simple)].filter((match) => match[1]).map((match) => match.index);
      found.formulas += starts.length;
      if (counted.join() !== starts.join()) found.otherwise += 1;
    }
  assert.ok(found.formulas > 12000, `${found.formulas} formulas`);
  assert.ok(found.otherwise <= 20, `${found.otherwise} texts read otherwise`);
});

test('segments put together are the text, for random strings of signs', () => {
  const signs = [
    '$',
    '$$',
    '\\(',
    '\\)',
    '\\[',
    '\\]',
    '{',
    '}',
    '\\',
    '`',
    '```\n',
    '\n',
    '\n\n',
    '> ',
    '- ',
    'a',
    ' ',
    '5',
    '<b>',
    '式',
    '\\text{',
    '\\begin{align}',
    '\\end{align}',
    '\ue000',
    'http://a',
    '|',
  ];
  for (let seed = 1; seed <= 3000; seed += 1) {
    let state = seed;
    let source = '';
    for (let length = 0; length < 24; length += 1) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      source += signs[(state >>> 8) % signs.length];
    }
    for (const format of /** @type {const} */ (['latex', 'markdown'])) {
      const segments = scan(source, format);
      const sources = segments.map((segment) => (segment.kind === 'math' ? segment.source : segment.text));
      assert.equal(sources.join(''), source, `seed ${seed}`);
      segments.forEach((segment, index) =>
        assert.equal(segment.start, segments[index - 1]?.end ?? 0, `seed ${seed}`),
      );
    }
  }
});
