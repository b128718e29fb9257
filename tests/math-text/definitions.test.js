// A formula's own definitions are expanded within it and within bounds.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withoutDefinitions } from '../../static/math-text/definitions.js';

const EXPANDED = [
  ['\\newcommand{\\bx}{\\mathbf{x}}\\bx=0', '\\mathbf{x}=0'],
  ['\\newcommand\\f[2]{\\frac{#1}{#2}}\\f{a}{b}+\\f12', '\\frac{a}{b}+\\frac{1}{2}'],
  ['\\def\\g#1{g(#1)}\\g x', 'g(x)'],
  ['\\DeclareMathOperator{\\argmin}{arg\\,min}\\argmin_x', '\\operatorname{arg\\,min}_x'],
  ['\\newcommand{\\a}{\\alpha}\\a b', '\\alpha b'],
  ['\\newcommand{\\a}{\\b}\\newcommand{\\b}{c}\\a', 'c'],
];
const KEPT = [
  'a_1 + \\alpha',
  '\\newcommand{\\a}{\\a\\a}\\a',
  '\\newcommand{\\a}{x',
  '\\newcommand{\\a}[1]{#1}\\a',
  `${'\\newcommand{\\a}{\\b\\b}\\newcommand{\\b}{\\c\\c}\\newcommand{\\c}{'}${'x'.repeat(6000)}}\\a`,
];

test('definitions are expanded where they stand', () => {
  for (const [tex, expanded] of EXPANDED) assert.equal(withoutDefinitions(tex), expanded);
});

test('what is broken, circular or too long stays as it was', () => {
  for (const tex of KEPT) assert.equal(withoutDefinitions(tex), tex);
});
