// Footnotes are read as GitHub reads them; their numbers are given on the page.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { renderMarkdown } from '../../static/math-text/markdown.js';
import { renderedHtml } from './reading.js';

/** The notes that a text defines, by label. @param {string} source */
function notesOf(source) {
  const { links } = renderMarkdown(source);
  return Object.fromEntries(
    Object.entries(links).flatMap(([label, { note }]) => (note === undefined ? [] : [[label, note]])),
  );
}

/** The labels that a text refers to, in order. @param {string} source @param {import('../../static/math-text/markdown.js').Links} [known] */
function referencesOf(source, known) {
  const { html, formulas } = renderMarkdown(source, known);
  return [...html.matchAll(/\uE000(\d+)\uE001/g)].flatMap(([, number]) => {
    const formula = formulas[Number(number)];
    return formula.kind === 'note' ? [formula.label] : [];
  });
}

const DEFINED = [
  ['[^1]: One.', { '^1': 'One.' }],
  ['[^Note]: **It** holds for $n>0$ only.', { '^note': '**It** holds for $n>0$ only.' }],
  ['Text\n[^1]: right below it', { '^1': 'right below it' }],
  ['[^a]: first\n[^b]: second', { '^a': 'first', '^b': 'second' }],
  ['[^a]: first\n[^A]: not again', { '^a': 'first' }],
  ['[^a]: lines\nof one paragraph\n\nAfter.', { '^a': 'lines\nof one paragraph' }],
  ['[^a]: two\n\n    paragraphs $x$\n\nAfter.', { '^a': 'two\n\nparagraphs $x$' }],
  ['[^a]: one\n\n\t- item\n\t- $$\n\t  x\n\t  $$\n', { '^a': 'one\n\n- item\n- $$\n  x\n  $$' }],
  ['[^a]:\n    below\n\n        code', { '^a': '\nbelow\n\n    code' }],
  ['[^a]: a\n# Heading', { '^a': 'a' }],
  ['[^a]: ```\n    x\n    ```\nAfter', { '^a': '```\nx\n```' }],
  ['> [^a]: within a quote', { '^a': 'within a quote' }],
  ['- [^a]: within an item', { '^a': 'within an item' }],
  ['[^$x$]: named by a formula', { '^$x$': 'named by a formula' }],
  ['[^a b]: two words', {}],
  ['`[^a]: code`', {}],
  ['```\n[^a]: code\n```', {}],
  ['    [^a]: code', {}],
  ['\\[^a]: escaped', {}],
];

test('a note is defined with all its paragraphs', () => {
  for (const [source, notes] of DEFINED)
    assert.deepEqual(notesOf(/** @type {string} */ (source)), notes, JSON.stringify(source));
});

const KNOWN = { '^1': { note: 'n' }, '^x': { note: 'n' }, '^$y$': { note: 'n' } };
const REFERRED = [
  ['A[^1].', ['^1']],
  ['A[^X], b[^1][^x].', ['^x', '^1', '^x']],
  ['**A[^1]** and *b*[^x]', ['^1', '^x']],
  ['# Heading[^1]\n\n- item[^1]\n\n> quote[^1]\n\n| a[^1] |\n|---|\n| $b$[^1] |', Array(5).fill('^1')],
  ['$x$[^1]', ['^1']],
  ['[^$y$]', ['^$y$']],
  ['[^2] and [^]', []],
  ['`[^1]` \\[^1] $[^1]$', []],
  ['[a[^1]](/b)', []],
  ['[^1](/b)', []],
];

test('what names a note refers to it, and nothing else does', () => {
  for (const [source, labels] of REFERRED)
    assert.deepEqual(referencesOf(/** @type {string} */ (source), KNOWN), labels, JSON.stringify(source));
});

test('a definition leaves nothing where it stands, and code and pictures keep the source', () => {
  assert.equal(renderedHtml('A.\n\n[^1]: note'), '<p>A.</p>\n');
  assert.equal(renderedHtml('`a[^1]`\n\n[^1]: note'), '<p><code>a[^1]</code></p>\n');
  assert.equal(renderedHtml('![a[^1]](/b)\n\n[^1]: note'), '<p><img src="/b" alt="a[^1]"></p>\n');
});
