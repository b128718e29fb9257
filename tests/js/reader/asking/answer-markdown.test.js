import assert from 'node:assert/strict';
import { test } from 'node:test';

import { markdownOf } from '../../../../static/js/reader/asking/answer-markdown.js';

test('an answer is kept elsewhere with its quotes, what became of them, and the citation', () => {
  const quotes = [
    {
      quote: 'it fell',
      status: /** @type {const} */ ('repaired'),
      anchor: 'S1.p1',
      passage: '',
      words: 'it rose',
    },
    { quote: 'made up', status: /** @type {const} */ ('missing'), anchor: null, passage: null, words: null },
  ];
  const text = markdownOf(
    [{ title: 'Summary', answer: 'So "it fell" [S1.p1], "made up" [S2.p1].', facts: 'm-1 · v2', quotes }],
    { heading: 'On  $x$', citation: 'A. Author. On $x$.\n', outcome: ({ status }) => status },
  );
  assert.equal(
    text,
    `# On $x$

## Summary

So "it rose" [S1.p1], "made up" [S2.p1].

- “it rose” [S1.p1]: repaired
- “made up”: missing

*m-1 · v2*

A. Author. On $x$.
`,
  );
});
