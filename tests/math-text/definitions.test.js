// A formula's own definitions are expanded within it and within bounds.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { expanded, takeDefinitions } from '../../static/math-text/definitions.js';

const EXPANDED = [
  ['\\newcommand{\\bx}{\\mathbf{x}}\\bx=0', '\\mathbf{x}=0'],
  ['\\newcommand\\f[2]{\\frac{#1}{#2}}\\f{a}{b}+\\f12', '\\frac{a}{b}+\\frac{1}{2}'],
  ['\\def\\g#1{g(#1)}\\g x', 'g(x)'],
  ['\\DeclareMathOperator{\\argmin}{arg\\,min}\\argmin_x', '\\operatorname{arg\\,min}_x'],
  ['\\newcommand{\\a}{\\alpha}\\a b', '\\alpha b'],
  ['\\newcommand{\\a}{\\b}\\newcommand{\\b}{c}\\a', 'c'],
  ['\\newcommand{\\f}[2][x]{#1+#2}\\f{y} \\f[z]{w}', 'x+y z+w'],
  ['\\let\\eps\\varepsilon \\eps', ' \\varepsilon'],
  ['\\let\\old\\phi\\renewcommand{\\phi}{\\old_1}\\phi', '\\phi_1'],
  [
    '\\DeclarePairedDelimiter{\\abs}{\\lvert}{\\rvert}\\abs{x}\\abs*{y}',
    '\\lvert x \\rvert\\left\\lvert y \\right\\rvert',
  ],
  ['\\def\\R{\\mathbb{R}}x_\\R+\\hat\\R\\in\\R', 'x_{\\mathbb{R}}+\\hat{\\mathbb{R}}\\in\\mathbb{R}'],
];
const KEPT = [
  'a_1 + \\alpha',
  '\\newcommand{\\a}{\\a\\a}\\a',
  '\\newcommand{\\a}{x',
  '\\newcommand{\\a}[1]{#1}\\a',
  `${'\\newcommand{\\a}{\\b\\b}\\newcommand{\\b}{\\c\\c}\\newcommand{\\c}{'}${'x'.repeat(6000)}}\\a`,
];

test('definitions are expanded where they stand', () => {
  for (const [tex, result] of EXPANDED) assert.equal(expanded(tex), result);
});

test('what a text has defined before is expanded too, and a formula may define it otherwise', () => {
  const known = takeDefinitions('\\newcommand{\\R}{\\mathbb{R}}')?.definitions;
  assert.equal(expanded('x \\in \\R^n', known), 'x \\in \\mathbb{R}^n');
  assert.equal(expanded('\\def\\R{r}\\R', known), 'r');
  assert.equal(expanded('\\Rn \\\\R', known), '\\Rn \\\\R');
});

test('what is broken, circular or too long stays as it was', () => {
  for (const tex of KEPT) assert.equal(expanded(tex), tex);
});

test('an argument that a body repeats into the millions is not written out', () => {
  const tex = `\\newcommand{\\a}[1]{${'#1'.repeat(100_000)}}\\a{${'x'.repeat(9000)}}`;
  assert.equal(expanded(tex), tex);
});
