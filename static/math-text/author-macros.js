/**
 * Commands that authors use without defining them: from packages that MathJax does not have, or from a preamble that the
 * text left behind. Plain data, in MathJax's form: what a command stands for, and its number of arguments.
 */

/** Commands that authors use and TeX knows from packages that are not served, drawn with what is there. */
const COMMANDS = {
  bm: ['\\boldsymbol{#1}', 1],
  bold: ['\\mathbf{#1}', 1],
  boldmath: '',
  mathbbm: ['\\mathbb{#1}', 1],
  mathds: ['\\mathbb{#1}', 1],
  N: '\\mathbb{N}',
  R: '\\mathbb{R}',
  Z: '\\mathbb{Z}',
  argmin: '\\operatorname*{arg\\,min}',
  argmax: '\\operatorname*{arg\\,max}',
  abs: ['\\left|#1\\right|', 1],
  norm: ['\\left\\|#1\\right\\|', 1],
  dd: '\\mathrm{d}',
  slashed: ['\\not{#1}', 1],
  sfrac: ['{}^{#1}\\!/_{#2}', 2],
  llbracket: '\\mathopen{⟦}',
  rrbracket: '\\mathclose{⟧}',
  vcentcolon: '\\mathrel{:}',
  vv: ['\\overrightarrow{#1}', 1],
  upmu: '\\mu',
  micro: '\\mu',
  textmu: '\\mu',
  degree: '^{\\circ}',
  textdegree: '^{\\circ}',
  emph: ['\\textit{#1}', 1],
  textsc: ['\\text{#1}', 1],
  cite: ['\\text{[#1]}', 1],
  footnote: ['\\text{ (#1)}', 1],
  ensuremath: ['#1', 1],
  texorpdfstring: ['#1', 2],
  scalebox: ['#2', 2],
  mathlarger: ['#1', 1],
  vspace: ['', 1],
  noindent: '',
  xspace: '',
};

/** What siunitx and physics define, as far as a formula shows it. */
const PACKAGES = {
  num: ['#1', 1],
  ang: ['#1^{\\circ}', 1],
  unit: ['\\mathrm{#1}', 1],
  si: ['\\mathrm{#1}', 1],
  qty: ['#1\\,\\mathrm{#2}', 2],
  SI: ['#1\\,\\mathrm{#2}', 2],
  per: '/',
  squared: '^{2}',
  cubed: '^{3}',
  square: ['#1^{2}', 1],
  cubic: ['#1^{3}', 1],
  tothe: ['^{#1}', 1],
  dv: ['\\frac{\\mathrm{d} #1}{\\mathrm{d} #2}', 2],
  pdv: ['\\frac{\\partial #1}{\\partial #2}', 2],
  fdv: ['\\frac{\\delta #1}{\\delta #2}', 2],
  vb: ['\\mathbf{#1}', 1],
  va: ['\\vec{\\mathbf{#1}}', 1],
  vu: ['\\hat{\\mathbf{#1}}', 1],
  vdot: '\\cdot',
  cross: '\\times',
  grad: '\\nabla',
  curl: '\\nabla\\times',
  laplacian: '\\nabla^{2}',
  expval: ['\\left\\langle #1\\right\\rangle', 1],
  ev: ['\\left\\langle #1\\right\\rangle', 1],
  order: ['\\mathcal{O}\\left(#1\\right)', 1],
  comm: ['\\left[#1,#2\\right]', 2],
  anticommutator: ['\\left\\{#1,#2\\right\\}', 2],
  acomm: ['\\left\\{#1,#2\\right\\}', 2],
  pqty: ['\\left(#1\\right)', 1],
  bqty: ['\\left[#1\\right]', 1],
  Tr: '\\operatorname{Tr}',
  ...named({
    m: 'm', s: 's', kg: 'kg', meter: 'm', metre: 'm', second: 's', gram: 'g', kilogram: 'kg', ampere: 'A', kelvin: 'K',
    mole: 'mol', candela: 'cd', hertz: 'Hz', newton: 'N', pascal: 'Pa', joule: 'J', watt: 'W', volt: 'V', ohm: 'Ω',
    farad: 'F', tesla: 'T', henry: 'H', coulomb: 'C', weber: 'Wb', siemens: 'S', lumen: 'lm', lux: 'lx', becquerel: 'Bq',
    gray: 'Gy', sievert: 'Sv', electronvolt: 'eV', litre: 'L', liter: 'L', hour: 'h', day: 'd', percent: '\\%', 
    celsius: '°C', degreeCelsius: '°C', radian: 'rad', steradian: 'sr', decibel: 'dB', bit: 'bit', byte: 'B',
    kilo: 'k', mega: 'M', giga: 'G', tera: 'T', peta: 'P', milli: 'm', nano: 'n', pico: 'p', femto: 'f', centi: 'c',
    deci: 'd', hecto: 'h',
  }),
}; // prettier-ignore

/** Operators, sets and signs that authors define or take from packages of text. */
const OPERATORS = {
  ...operators(
    'tr rank diag supp sgn sign erf Var Cov Hom End Aut Ker coker Span vol conv dom ran tg ctg arctg arcctg sh ch th cth ' +
      'rot lcm ord id Id Spec Proj Gal Ext Tor ad Ad',
  ),
  C: '\\mathbb{C}',
  Q: '\\mathbb{Q}',
  E: '\\mathbb{E}',
  F: '\\mathbb{F}',
  H: '\\mathbb{H}',
  operatornamewithlimits: ['\\operatorname*{#1}', 1],
  textcircled: ['\\enclose{circle}{\\text{#1}}', 1],
  pounds: '\\text{£}',
  copyright: '\\text{©}',
  textregistered: '\\text{®}',
  texttrademark: '\\text{™}',
  toprule: '\\hline',
  midrule: '\\hline',
  bottomrule: '\\hline',
  cline: ['', 1],
  cmidrule: ['', 1],
  raisebox: ['\\raise #1 \\hbox{#2}', 2],
  multicolumn: ['#3', 3],
  multirow: ['#3', 3],
  ...named({
    Alpha: 'A', Beta: 'B', Epsilon: 'E', Zeta: 'Z', Eta: 'H', Iota: 'I', Kappa: 'K', Mu: 'M', Nu: 'N', Omicron: 'O', Rho: 'P',
    Tau: 'T', Chi: 'X',
  }),
}; // prettier-ignore

/** Upright letters by name. @param {Record<string, string>} letters */
function named(letters) {
  return Object.fromEntries(Object.entries(letters).map(([name, sign]) => [name, `\\mathrm{${sign}}`]));
}

/** @param {string} names */
function operators(names) {
  return Object.fromEntries(names.split(' ').map((name) => [name, `\\operatorname{${name}}`]));
}

/** Environments of packages that are not served. */
export const ENVIRONMENTS = {
  dmath: ['', ''],
  IEEEeqnarray: ['\\begin{array}{rcl}', '\\end{array}', 1],
  subequations: ['', ''],
  tabular: ['\\begin{array}{#1}', '\\end{array}', 1],
};

/** All of them, as MathJax takes macros. */
export const MACROS = { ...OPERATORS, ...PACKAGES, ...COMMANDS };
