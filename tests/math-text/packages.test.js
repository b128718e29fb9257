// What siunitx, physics and booktabs write becomes TeX that MathJax knows.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { withoutPackages } from '../../static/math-text/packages.js';

const WRITTEN = {
  '\\qty{3e8}{\\metre\\per\\second}': '{3\\times 10^{8}\\,\\mathrm{m\\,s^{-1}}}',
  '\\SI[per-mode=symbol]{9,81}{\\m\\per\\s\\squared}': '{9.81\\,\\mathrm{m/s^{2}}}',
  '\\SI{9.81}{m/s^2}': '{9.81\\,\\mathrm{m/s^2}}',
  '\\unit{\\watt\\per\\square\\metre\\per\\kelvin}': '{\\mathrm{W\\,m^{-2}\\,K^{-1}}}',
  '\\si{\\per\\cubic\\centi\\metre}': '{\\mathrm{cm^{-3}}}',
  '\\num{12345.678}': '{12\\,345.678}',
  '\\num{1234567.1234567}': '{1\\,234\\,567.123\\,456\\,7}',
  '\\num{1.5 +- 0.1 e3}': '{(1.5\\pm 0.1)\\times 10^{3}}',
  '\\num{\\alpha}': '{\\alpha }',
  '\\ang{45;30}': "{45^{\\circ}30'}",
  '\\qtyrange{1}{2}{\\um}': '{1\\,\\mathrm{μm}\\text{ to }2\\,\\mathrm{μm}}',
  '\\numlist{1;2;3}': '{1\\text{, }2\\text{ and }3}',
  '\\qty(\\qty[a]+b)': '\\left( \\left[ a\\right]+b\\right)',
  '\\mqty[1 & 0 \\\\ 0 & 1]': '\\begin{bmatrix}1 & 0 \\\\ 0 & 1\\end{bmatrix}',
  '\\smqty(a&b)': '\\left(\\begin{smallmatrix}a&b\\end{smallmatrix}\\right)',
  '\\dv{x}f': '\\frac{\\mathrm{d} }{\\mathrm{d} x}f',
  '\\dv*{f}{x}': '{\\mathrm{d} f/\\mathrm{d} x}',
  '\\pdv{f}{x}{y}': '\\frac{\\partial^{2} f}{\\partial x\\,\\partial y}',
  '\\braket{a}{b} \\braket{a|b}': '\\left\\langle a\\middle|b\\right\\rangle \\braket{a|b}',
  '\\ev{A}{\\psi}': '\\left\\langle \\psi\\middle|A\\middle|\\psi\\right\\rangle',
  '\\toprule a\\\\\\cmidrule(lr){1-2} b': '\\hline  a\\\\ b',
  '\\isotope[14][6]{C}': '{}^{14}_{6}\\mathrm{C}',
  '\\ch{H2O}+\\ch x': '\\ce{H2O}+\\ch x',
};
const KEPT = ['\\qty', '\\qty{a', '\\mqty(a', '\\dv', '\\num', '\\quantum(x)', 'a_1'];

test('commands of packages become commands that MathJax has', () => {
  for (const [tex, written] of Object.entries(WRITTEN)) assert.equal(withoutPackages(tex), written);
});

test('what has no arguments stays as it was written', () => {
  for (const tex of KEPT) assert.equal(withoutPackages(tex), tex);
});

test('commands within each other end', () => {
  const nested = `${'\\ev{A}{'.repeat(2000)}x${'}'.repeat(2000)}`;
  assert.ok(withoutPackages(nested).length < 100_000);
  assert.ok(withoutPackages('\\qty('.repeat(5000)).length < 100_000);
});

test('what is longer than any formula is not read', () => {
  const unclosed = '\\num{'.repeat(1_000_000);
  const begun = performance.now();
  assert.equal(withoutPackages(unclosed), unclosed);
  assert.ok(performance.now() - begun < 1000);
});
