// Reads the names of Markdown files from standard input, a line each, and writes what remark-math and the element read in each.

import { readFileSync } from 'node:fs';

import { readByRemark, readByUs } from '../tests/math-text/remark.js';

for (const name of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const text = readFileSync(name, 'utf8');
  process.stdout.write(`${JSON.stringify({ name, ours: readByUs(text), remark: readByRemark(text) })}\n`);
}
