/** Prints what the page makes of each text of a JSON list on standard input: its formulas, and the prose that it shows. */

import { readFileSync } from 'node:fs';

import { texProse } from '../../static/math-text/tex-prose.js';
import { scan } from '../../static/math-text/tex-scanner.js';
import { visibleText } from '../math-text/reading.js';

/** @type {string[]} */
const texts = JSON.parse(readFileSync(0, 'utf8'));
const found = texts.map((text) => {
  const segments = scan(text, 'latex');
  const formulas = segments.flatMap((segment) => (segment.kind === 'math' ? [segment.source] : []));
  return { formulas, seen: visibleText(texProse(segments)) };
});
process.stdout.write(JSON.stringify(found));
