/** Prints what the page finds in each text of a JSON list on standard input: the formulas of each, in order. */

import { readFileSync } from 'node:fs';

import { scan } from '../../static/math-text/tex-scanner.js';

/** @type {string[]} */
const texts = JSON.parse(readFileSync(0, 'utf8'));
const found = texts.map((text) =>
  scan(text, 'latex')
    .filter(({ kind }) => kind === 'math')
    .map((segment) => (segment.kind === 'math' ? segment.source : '')),
);
process.stdout.write(JSON.stringify(found));
