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

/** What siunitx and physics define with plain arguments; packages.js reads the rest. */
const PACKAGES = {
  vb: ['\\mathbf{#1}', 1],
  va: ['\\vec{\\mathbf{#1}}', 1],
  vu: ['\\hat{\\mathbf{#1}}', 1],
  vectorbold: ['\\mathbf{#1}', 1],
  vectorarrow: ['\\vec{\\mathbf{#1}}', 1],
  vectorunit: ['\\hat{\\mathbf{#1}}', 1],
  vdot: '\\cdot',
  dotproduct: '\\cdot',
  cross: '\\times',
  crossproduct: '\\times',
  grad: '\\nabla',
  gradient: '\\nabla',
  divergence: '\\nabla\\cdot',
  curl: '\\nabla\\times',
  laplacian: '\\nabla^{2}',
  order: ['\\mathcal{O}\\left(#1\\right)', 1],
  comm: ['\\left[#1,#2\\right]', 2],
  commutator: ['\\left[#1,#2\\right]', 2],
  anticommutator: ['\\left\\{#1,#2\\right\\}', 2],
  anticomm: ['\\left\\{#1,#2\\right\\}', 2],
  acomm: ['\\left\\{#1,#2\\right\\}', 2],
  poissonbracket: ['\\left\\{#1,#2\\right\\}', 2],
  absolutevalue: ['\\left|#1\\right|', 1],
  evaluated: ['\\left.#1\\right|', 1],
  pqty: ['\\left(#1\\right)', 1],
  bqty: ['\\left[#1\\right]', 1],
  vqty: ['\\left|#1\\right|', 1],
  matrixelement: ['\\left\\langle #1\\middle|#2\\middle|#3\\right\\rangle', 3],
  outerproduct: ['\\left|#1\\right\\rangle\\!\\left\\langle #2\\right|', 2],
  qq: ['\\quad\\text{#1}\\quad', 1],
  qc: ',\\quad',
  qcc: '\\quad\\text{c.c.}\\quad',
  ...Object.fromEntries(
    'if then else otherwise unless given using assume since let for all even odd integer and or as in'
      .split(' ')
      .map((word) => [`q${word}`, `\\quad\\text{${word}}\\quad`]),
  ),
  principalvalue: '\\mathcal{P}',
  pv: ['\\mathcal{P}#1', 1],
  PV: ['\\text{P.V.}#1', 1],
  ...operators('Tr Trace Residue'),
  ...named({ percent: '\\%', ohm: 'Ω', celsius: '°C', degreeCelsius: '°C' }),
};

/** Operators, sets and signs that authors define or take from packages of text. */
const OPERATORS = {
  ...operators(
    'tr rank diag supp sgn sign erf Var Cov Hom End Aut Ker coker Span vol conv dom ran tg ctg arctg arcctg sh ch th cth ' +
      'rot lcm ord id Id Spec Proj Gal Ext Tor ad Ad',
  ),
  C: '\\mathbb{C}',
  P: '\\mathbb{P}',
  T: '\\top',
  1: '\\mathbf{1}',
  d: '\\mathrm{d}',
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
  cline: ['', 1],
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
  center: ['', ''],
  enumerate: ['\\begin{array}{l}', '\\end{array}'],
  itemize: ['\\begin{array}{l}', '\\end{array}'],
  tabular: ['\\begin{array}{#1}', '\\end{array}', 1],
};

/** Signs that other typesetters of formulas name in their own way, or that text has and MathJax names otherwise. */
const SIGNS = {
  dag: '\\dagger', ddag: '\\ddagger', euro: '\\text{€}', bigast: '\\mathop{✱}', Perp: '\\perp\\!\\!\\!\\perp', lBrace: '\\{', rBrace: '\\}',
  cupdot: '\\mathbin{⊍}', dotcup: '\\mathbin{⊍}', Lightning: '\\mathord{↯}', bigstrut: '', sc: '', hfill: '\\qquad',
  l: '\\text{ł}', L: '\\text{Ł}', o: '\\text{ø}', O: '\\text{Ø}', ae: '\\text{æ}', AE: '\\text{Æ}', oe: '\\text{œ}', OE: '\\text{Œ}', aa: '\\text{å}',
  ss: '\\text{ß}', Dagger: '\\ddagger', exist: '\\exists', isin: '\\in', sub: '\\subset', empty: '\\emptyset', alef: '\\aleph',
  infin: '\\infty', reals: '\\mathbb{R}', Reals: '\\mathbb{R}', natnums: '\\mathbb{N}', cnums: '\\mathbb{C}', Complex: '\\mathbb{C}',
  image: '\\Im', real: '\\Re', weierp: '\\wp', thetasym: '\\vartheta', larr: '\\leftarrow', rarr: '\\rightarrow',
  lrarr: '\\leftrightarrow', harr: '\\leftrightarrow', Larr: '\\Leftarrow', lArr: '\\Leftarrow', Rarr: '\\Rightarrow',
  rArr: '\\Rightarrow', hArr: '\\Leftrightarrow', Harr: '\\Leftrightarrow', uarr: '\\uparrow', darr: '\\downarrow',
  lang: '\\langle', rang: '\\rangle', bull: '\\bullet', sdot: '\\cdot', plusmn: '\\pm', and: '\\land', or: '\\lor', sect: '\\S',
  para: '\\text{¶}', clubs: '\\clubsuit', hearts: '\\heartsuit', diamonds: '\\diamondsuit', spades: '\\spadesuit',
  RR: '\\mathbb{R}', NN: '\\mathbb{N}', ZZ: '\\mathbb{Z}', QQ: '\\mathbb{Q}', CC: '\\mathbb{C}', FF: '\\mathbb{F}', HH: '\\mathbb{H}',
  EE: '\\mathbb{E}', PP: '\\mathbb{P}', eps: '\\epsilon', veps: '\\varepsilon', vphi: '\\varphi', hdots: '\\ldots',
  divides: '\\mid', indep: '\\perp\\!\\!\\!\\perp', independent: '\\perp\\!\\!\\!\\perp', given: '\\mid', eqdef: '\\overset{\\mathrm{def}}{=}',
  defeq: '\\mathrel{:=}', coloncolonequals: '\\mathrel{::=}', ratio: '\\mathbin{:}', lambdabar: '\\mathord{ƛ}', sbullet: '\\bullet',
  bigO: '\\mathcal{O}', BigO: '\\mathcal{O}', qed: '\\Box', qedhere: '\\Box', QED: '\\Box', adots: '\\mathinner{⋰}',
  mapsfrom: '\\mathrel{↤}', dotminus: '\\mathbin{∸}', lightning: '\\mathord{↯}', fint: '\\mathop{⨍}\\nolimits',
  dashint: '\\mathop{⨍}\\nolimits', rightangle: '∟', parallelogram: '▱', cmark: '\\text{✓}', xmark: '\\text{✗}', longequal: '\\mathrel{=\\!=}',
  angstrom: '\\mathrm{Å}', cent: '\\text{¢}', textcent: '\\text{¢}', textyen: '\\text{¥}', permil: '\\text{‰}',
  textperthousand: '\\text{‰}', textcopyright: '\\text{©}', textohm: '\\mathrm{Ω}', textemdash: '\\text{—}', textendash: '\\text{–}',
  textellipsis: '\\text{…}', textquotedblleft: '\\text{“}', textquotedblright: '\\text{”}', textquoteleft: '\\text{‘}',
  textquoteright: '\\text{’}', textquotesingle: "\\text{'}", textbackslash: '\\backslash', textasciitilde: '\\text{~}', textless: '<',
  textgreater: '>', textbar: '|', guillemotleft: '\\text{«}', guillemotright: '\\text{»}',
  relax: '', protect: '', leavevmode: '', null: '', par: '\\quad', centering: '', long: '', bigskip: '', medskip: '', smallskip: '',
}; // prettier-ignore

/** Letters of a face as many authors name them: `\cA`, `\bbR`. */
const FACES = Object.fromEntries(
  [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].flatMap((letter) => [
    [`c${letter}`, `\\mathcal{${letter}}`],
    [`cal${letter}`, `\\mathcal{${letter}}`],
    [`bb${letter}`, `\\mathbb{${letter}}`],
    [`b${letter}`, `\\mathbf{${letter}}`],
  ]),
);

const GREEK =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi omega'.split(
    ' ',
  );

/** Commands of packages with arguments, as far as a formula shows them. */
const MORE = {
  var: ['\\delta #1', 1],
  indicator: '\\mathbf{1}',
  half: '\\tfrac{1}{2}',
  third: '\\tfrac{1}{3}',
  quarter: '\\tfrac{1}{4}',
  transpose: ['{#1}^{\\top}', 1],
  ee: '\\mathrm{e}',
  ii: '\\mathrm{i}',
  bs: ['\\boldsymbol{#1}', 1],
  ddfrac: ['\\dfrac{#1}{#2}', 2],
  widecheck: ['\\check{#1}', 1],
  utilde: ['\\underset{\\sim}{#1}', 1],
  undertilde: ['\\underset{\\sim}{#1}', 1],
  arc: ['\\overparen{#1}', 1],
  textsl: ['\\textit{#1}', 1],
  url: ['\\texttt{#1}', 1],
  intertext: ['\\text{#1}\\\\', 1],
  shortintertext: ['\\text{#1}\\\\', 1],
  framebox: ['\\boxed{\\text{#1}}', 1],
  ovalbox: ['\\enclose{roundedbox}{\\text{#1}}', 1],
  mathsmaller: ['#1', 1],
  smaller: ['#1', 1],
  mathversion: ['', 1],
  definecolor: ['', 3],
  require: ['', 1],
  usepackage: ['', 1],
  floor: ['\\left\\lfloor #1\\right\\rfloor', 1],
  ceil: ['\\left\\lceil #1\\right\\rceil', 1],
  inner: ['\\left\\langle #1,#2\\right\\rangle', 2],
  innerproduct: ['\\left\\langle #1\\middle|#2\\right\\rangle', 2],
  ip: ['\\left\\langle #1\\middle|#2\\right\\rangle', 2],
  mel: ['\\left\\langle #1\\middle|#2\\middle|#3\\right\\rangle', 3],
  matrixel: ['\\left\\langle #1\\middle|#2\\middle|#3\\right\\rangle', 3],
  dyad: ['\\left|#1\\right\\rangle\\!\\left\\langle #2\\right|', 2],
  ketbra: ['\\left|#1\\right\\rangle\\!\\left\\langle #2\\right|', 2],
  pb: ['\\left\\{#1,#2\\right\\}', 2],
  Bqty: ['\\left\\{#1\\right\\}', 1],
  pmqty: ['\\begin{pmatrix}#1\\end{pmatrix}', 1],
  bmqty: ['\\begin{bmatrix}#1\\end{bmatrix}', 1],
  vmqty: ['\\begin{vmatrix}#1\\end{vmatrix}', 1],
  eval: ['\\left.#1\\right|', 1],
  flatfrac: ['#1/#2', 2],
  variation: '\\delta',
  trace: '\\operatorname{tr}',
  diff: '\\mathop{}\\!\\mathrm{d}',
  dif: '\\mathop{}\\!\\mathrm{d}',
  Mod: ['\\ (\\mathrm{mod}\\ #1)', 1],
  xfrac: ['{}^{#1}\\!/_{#2}', 2],
  multiset: ['\\left(\\!\\binom{#1}{#2}\\!\\right)', 2],
  tensor: ['#1#2', 2],
  indices: ['{}#1', 1],
  smashoperator: ['#1', 1],
  feynslash: ['\\not{#1}', 1],
  sout: ['\\enclose{horizontalstrike}{#1}', 1],
  st: ['\\enclose{horizontalstrike}{#1}', 1],
  uline: ['\\underline{#1}', 1],
  ul: ['\\underline{#1}', 1],
  hl: ['\\colorbox{yellow}{$#1$}', 1],
  mathcolor: ['\\textcolor{#1}{#2}', 2],
  textsuperscript: ['^{\\text{#1}}', 1],
  textsubscript: ['_{\\text{#1}}', 1],
  textmd: ['\\text{#1}', 1],
  citep: ['\\text{[#1]}', 1],
  citet: ['\\text{[#1]}', 1],
  circled: ['\\enclose{circle}{\\text{#1}}', 1],
  overarc: ['\\overparen{#1}', 1],
  wideparen: ['\\overparen{#1}', 1],
  overgroup: ['\\overparen{#1}', 1],
  undergroup: ['\\underparen{#1}', 1],
  vect: ['\\boldsymbol{#1}', 1],
  mathbold: ['\\boldsymbol{#1}', 1],
  resizebox: ['#3', 3],
  rotatebox: ['#2', 2],
  reflectbox: ['#1', 1],
  varmathbb: ['\\mathbb{#1}', 1],
  ...operators(
    'relu Rank cosec sech csch arccot arccsc arcsec arsinh arcosh artanh Diag proj prox epi cl softmax ReLU sigmoid KL poly polylog Res Unif Bern relint sinc',
  ),
  ...Object.fromEntries(
    [...'αβγδεζηθικλμνξπρστυφχψω'].map((letter, index) => [`up${GREEK[index]}`, `\\mathrm{${letter}}`]),
  ),
};

/** All of them, as MathJax takes macros. */
export const MACROS = { ...FACES, ...OPERATORS, ...SIGNS, ...MORE, ...PACKAGES, ...COMMANDS };
