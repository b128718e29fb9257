import assert from 'node:assert/strict';
import { test } from 'node:test';

import { BlockCutter } from '../../static/math-text/markdown-blocks.js';
import { renderMarkdown, restoreText } from '../../static/math-text/markdown.js';
import { texProse } from '../../static/math-text/tex-prose.js';
import { scan } from '../../static/math-text/tex-scanner.js';
import { visibleText } from './reading.js';

const UNITS = [
  '$', '$ ', '$x ', '$x$ ', '$$ ', '$$\n\n', '${', '$ \\text{$', '$5 and \\text{', '\\(', '\\(see ', '\\[', '\\[see\n', '\\begin{a}', '\\begin{align}',
  '\\end{align}', '[', '{', '}', '\\', '`', '` `` ', '<a ', '<a b="', '<!--', '<code>', 'http://a$', 'http://a(', '>', '> a\n\n', '- ', '- a\n', '\n', ' ', '\t',
  '```\n', '~~~ \n', '| a |\n|-|\n', '\ue000', '\ue000a', '&#57344;', '\\emph{', '\\href{', '\\cite[', "\\'", '`a ', '式$式',
]; // prettier-ignore

/** @type {Record<string, (text: string) => unknown>} */
const READERS = {
  latex: (text) => texProse(scan(text, 'latex')),
  markdown: (text) => scan(text, 'markdown'),
  blocks: (text) => new BlockCutter().append(text),
};
/** The whole way of a Markdown text. @param {string} text */
const render = (text) => renderMarkdown(text);

/** The least of a few runs, in milliseconds. @param {() => unknown} run */
function leastTime(run) {
  let least = Infinity;
  for (let round = 0; round < 2; round += 1) {
    const start = performance.now();
    run();
    least = Math.min(least, performance.now() - start);
  }
  return least;
}

for (const [name, read] of Object.entries(READERS))
  test(`reading ${name} takes linear time, whatever is repeated`, () => {
    for (const unit of UNITS) {
      const size = 10000;
      const small = leastTime(() => read(unit.repeat(size / unit.length)));
      const large = leastTime(() => read(unit.repeat((8 * size) / unit.length)));
      // A quadratic reader takes 64 times as long; the constant forgives what a busy machine adds.
      assert.ok(large < 30 * small + 400, `${JSON.stringify(unit)}: ${small} ms, then ${large} ms`);
    }
  });

test('definitions, boxes and formulas are read once, however many there are and whatever they leave open', () => {
  /** @type {[(length: number) => string, (text: string) => unknown][]} */
  const texts = [
    [(length) => '\\a '.repeat(length / 3), READERS.latex],
    [(length) => '\\def\\a{'.repeat(length / 7), READERS.latex],
    [(length) => '\\newcommand{\\a}[1]{'.repeat(length / 20), render],
    [(length) => '\\DeclarePairedDelimiter\\a{'.repeat(length / 26), READERS.latex],
    [(length) => `${'\\def\\a{'.repeat(length / 8)}\`${'}'.repeat(length / 8)}`, READERS.latex],
    [(length) => `${'$x$ '.repeat(length / 8)}${'a'.repeat(length / 2)}`, READERS.markdown],
    [(length) => '`a` \\boxed{a} '.repeat(length / 14), READERS.markdown],
  ];
  for (const [text, read] of texts) {
    const small = leastTime(() => read(text(100_000)));
    const large = leastTime(() => read(text(400_000)));
    assert.ok(large < 10 * small + 200, `${text(30)}: ${small} ms, then ${large} ms`);
  }
});

test('ten megabytes of one sign are read', () => {
  for (const unit of ['$', '\\(', '\\begin{a}', '[']) {
    const source = unit.repeat(10_000_000 / unit.length);
    assert.deepEqual(
      scan(source, 'markdown').map(({ kind }) => kind),
      ['prose'],
    );
  }
});

test('ten megabytes of one sign are rendered', () => {
  for (const unit of ['$', '{', '|', '*']) {
    const { html, formulas } = renderMarkdown(unit.repeat(10_000_000));
    assert.equal(restoreText(html, formulas), `<p>${unit.repeat(10_000_000)}</p>\n`);
  }
});

test('ten megabytes of prose are read', () => {
  for (const unit of ['a', 'h', '-a', 'x\ny ']) {
    const source = unit.repeat(10_000_000 / unit.length);
    assert.deepEqual(texProse(scan(source, 'latex')), [{ type: 'text', text: source }]);
  }
});

test('a small hostile text is shown as it was written', () => {
  for (const unit of UNITS.filter((one) => !/[\\`'<&~]|^(?:>|-|\||\n|\t| |http)/.test(one))) {
    const source = unit.repeat(50);
    const { html, formulas } = renderMarkdown(source);
    const shown = restoreText(html.replace(/<[^>]*>/g, ''), formulas).trim();
    assert.equal(shown.replace(/\s+/g, ' '), source.trim().replace(/\s+/g, ' '));
  }
});

test('rendering takes no minutes where Marked alone would', () => {
  for (const unit of [
    '_a',
    '*a **b ',
    '[a](',
    '![',
    '!',
    '>',
    'http://a(',
    '- ',
    '~~a',
    "``a''",
    '`b`*a **b ',
  ]) {
    const small = leastTime(() => renderMarkdown(unit.repeat(10000 / unit.length)));
    const large = leastTime(() => renderMarkdown(unit.repeat(40000 / unit.length)));
    assert.ok(large < 12 * small + 200, `${JSON.stringify(unit)}: ${small} ms, then ${large} ms`);
  }
});

test('a text that leaves hundreds of elements open is shown as it was written', () => {
  const source = '<details>\n\n'.repeat(300).trimEnd();
  const { html, formulas } = renderMarkdown(source);
  assert.equal(
    restoreText(html, formulas),
    `<p>${source.replace(/</g, '&#60;').replace(/>/g, '&#62;')}</p>\n`,
  );
  const closed = '<ul>\n<li>a <b>b</b> <br>\n</ul>\n\n'.repeat(300);
  assert.ok(renderMarkdown(closed).html.includes('<b>b</b>'));
});

test('rendering takes no minutes where rows belong to no table, where items go on for thousands of lines, or in code that closes by chance', () => {
  for (const [start, unit] of [
    ['\n# ', '``\\'],
    ['', '~~#\n|\n|-|\n'],
    ['', '\n|_a@b.c'],
    ['\n1. ', 'a@b.c\\]\n$$'],
    ['(', '@\n> ```\n\\('],
  ]) {
    /** @param {number} length */
    const read = (length) => () => renderMarkdown(start + unit.repeat(length / unit.length), {}, true);
    const small = leastTime(read(30000));
    const large = leastTime(read(120000));
    assert.ok(large < 12 * small + 200, `${JSON.stringify(unit)}: ${small} ms, then ${large} ms`);
  }
  const table = `| a | b |\n|---|---|\n${'| *c* | **d** |\n'.repeat(1000)}`;
  assert.equal(renderMarkdown(`Before\n${table}`).html.split('<em>').length, 1001);
});

test('items nested by the hundred on one line are shown as they were written, a long rule stays a rule', () => {
  for (const unit of ['1. ', '1) ', '- + ', '- 1. ', '> 1. ']) {
    const source = unit.repeat(400).trimEnd();
    const { html, formulas } = renderMarkdown(source);
    assert.equal(restoreText(html, formulas), `<p>${source}</p>\n`);
  }
  for (const sign of ['- ', '* ', '_ ']) assert.equal(renderMarkdown(sign.repeat(400)).html, '<hr>\n');
});

test('every control character passes through', () => {
  for (let code = 0; code < 0x20; code += 1) {
    const sign = String.fromCharCode(code);
    const source = `a${sign}$x${sign}_1$ b`;
    const segments = scan(source, 'latex');
    assert.equal(segments.map(({ start, end }) => source.slice(start, end)).join(''), source);
    assert.equal(visibleText(texProse(scan(`a${sign}b`, 'latex'))), `a${sign}b`);
    renderMarkdown(source);
  }
});
