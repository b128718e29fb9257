/**
 * What LaTeX's text mode writes with macros, as Unicode: accents, letters and signs, fonts. Tables and the one
 * function that composes an accent; reading the source is tex-prose.js's work.
 */

/** Combining characters by the accent's name. @type {Record<string, string>} */
const COMBINING = {
  '`': '\u0300',
  "'": '\u0301',
  '^': '\u0302',
  '~': '\u0303',
  '=': '\u0304',
  '.': '\u0307',
  '"': '\u0308',
  u: '\u0306',
  r: '\u030A',
  H: '\u030B',
  v: '\u030C',
  d: '\u0323',
  c: '\u0327',
  k: '\u0328',
  b: '\u0331',
};

const GREEK = {
  alpha: 'α',
  beta: 'β',
  gamma: 'γ',
  delta: 'δ',
  epsilon: 'ε',
  varepsilon: 'ε',
  zeta: 'ζ',
  eta: 'η',
  theta: 'θ',
  iota: 'ι',
  kappa: 'κ',
  lambda: 'λ',
  mu: 'μ',
  nu: 'ν',
  xi: 'ξ',
  pi: 'π',
  rho: 'ρ',
  sigma: 'σ',
  tau: 'τ',
  upsilon: 'υ',
  phi: 'φ',
  varphi: 'φ',
  chi: 'χ',
  psi: 'ψ',
  omega: 'ω',
  Gamma: 'Γ',
  Delta: 'Δ',
  Theta: 'Θ',
  Lambda: 'Λ',
  Xi: 'Ξ',
  Pi: 'Π',
  Sigma: 'Σ',
  Phi: 'Φ',
  Psi: 'Ψ',
  Omega: 'Ω',
};

/** Letters that swallow the space after them, as TeX does: `\L ukasz` is Łukasz. @type {Map<string, string>} */
export const LETTERS = new Map(
  Object.entries({
    aa: 'å',
    AA: 'Å',
    ae: 'æ',
    AE: 'Æ',
    oe: 'œ',
    OE: 'Œ',
    o: 'ø',
    O: 'Ø',
    l: 'ł',
    L: 'Ł',
    ss: 'ß',
    i: 'ı',
    j: 'ȷ',
    dh: 'ð',
    DH: 'Ð',
    th: 'þ',
    TH: 'Þ',
    dj: 'đ',
    DJ: 'Đ',
  }),
);

/** Signs and words; a space after them stays, since abstracts are written with it. @type {Map<string, string>} */
export const SIGNS = new Map(
  Object.entries({
    ...GREEK,
    eg: 'e.g.',
    ie: 'i.e.',
    etal: 'et al.',
    etc: 'etc.',
    deg: '°',
    degree: '°',
    textdegree: '°',
    pm: '±',
    textpm: '±',
    times: '×',
    texttimes: '×',
    approx: '≈',
    sim: '∼',
    geq: '≥',
    ge: '≥',
    leq: '≤',
    le: '≤',
    rightarrow: '→',
    to: '→',
    leftarrow: '←',
    uparrow: '↑',
    downarrow: '↓',
    infty: '∞',
    in: '∈',
    cdot: '·',
    ne: '≠',
    neq: '≠',
    ll: '≪',
    gg: '≫',
    equiv: '≡',
    propto: '∝',
    cup: '∪',
    cap: '∩',
    subset: '⊂',
    textmu: 'µ',
    textperthousand: '‰',
    textpertenthousand: '‱',
    textasciitilde: '~',
    textasciicircum: '^',
    textbackslash: '\\',
    textbar: '|',
    textless: '<',
    textgreater: '>',
    textunderscore: '_',
    textdollar: '$',
    textquotesingle: "'",
    textquoteleft: '‘',
    textquoteright: '’',
    textquotedblleft: '“',
    textquotedblright: '”',
    guillemotleft: '«',
    guillemotright: '»',
    guillemetleft: '«',
    guillemetright: '»',
    glqq: '„',
    grqq: '“',
    textendash: '–',
    textemdash: '—',
    textbullet: '•',
    textonehalf: '½',
    textonequarter: '¼',
    textohm: 'Ω',
    textcelsius: '℃',
    textellipsis: '…',
    ldots: '…',
    dots: '…',
    textregistered: '®',
    texttrademark: '™',
    textcopyright: '©',
    copyright: '©',
    pounds: '£',
    textsterling: '£',
    texteuro: '€',
    euro: '€',
    S: '§',
    P: '¶',
    dag: '†',
    ddag: '‡',
    checkmark: '✓',
    LaTeX: 'LaTeX',
    LaTeXe: 'LaTeX2ε',
    BibTeX: 'BibTeX',
    TeX: 'TeX',
    quad: '\u2003',
    qquad: '\u2003\u2003',
    xspace: '',
    noindent: '',
    centering: '',
    bigskip: ' ',
    medskip: ' ',
    smallskip: ' ',
  }),
);

/** One character after a backslash. @type {Map<string, string>} */
export const SYMBOLS = new Map(
  Object.entries({
    '%': '%',
    '&': '&',
    _: '_',
    '#': '#',
    $: '$',
    '{': '{',
    '}': '}',
    ' ': ' ',
    '\n': ' ',
    ',': '\u2009',
    '!': '',
    ';': ' ',
    ':': ' ',
    '@': '',
    '-': '',
    '/': '',
  }),
);

/** Macros whose argument is set in another way. @type {Map<string, string>} */
export const STYLES = new Map(
  Object.entries({
    emph: 'em',
    textit: 'em',
    textsl: 'em',
    textbf: 'strong',
    texttt: 'code',
    textsc: 'small-caps',
    underline: 'underline',
    uline: 'underline',
    ul: 'underline',
    sout: 'strike',
    st: 'strike',
    textsuperscript: 'superscript',
    textsubscript: 'subscript',
    footnote: 'footnote',
    thanks: 'footnote',
    textsf: 'plain',
    textrm: 'plain',
    textmd: 'plain',
    textup: 'plain',
    textnormal: 'plain',
    text: 'plain',
    mbox: 'plain',
    hbox: 'plain',
    num: 'plain',
    ac: 'plain',
    acp: 'plain',
    acs: 'plain',
    acrshort: 'plain',
    gls: 'plain',
    glspl: 'plain',
    Gls: 'plain',
  }),
);

/** Switches that hold until the group ends, as in `{\it …}`. @type {Map<string, string>} */
export const SWITCHES = new Map(
  Object.entries({
    it: 'em',
    em: 'em',
    sl: 'em',
    itshape: 'em',
    slshape: 'em',
    bf: 'strong',
    bfseries: 'strong',
    tt: 'code',
    ttfamily: 'code',
    sc: 'small-caps',
    scshape: 'small-caps',
    sf: 'plain',
    rm: 'plain',
    sffamily: 'plain',
    rmfamily: 'plain',
    tiny: 'plain',
    scriptsize: 'plain',
    footnotesize: 'plain',
    small: 'plain',
    normalsize: 'plain',
    large: 'plain',
    Large: 'plain',
  }),
);

/** Rows of the font of signs that `\ding` names by number: the first and the last number, the first one's code. */
const DINGBATS = [
  [33, 126, 0x2701],
  [172, 181, 0x2460],
  [182, 211, 0x2776],
];

/** The sign with a number in that font, or null. @param {number} number */
export function dingbat(number) {
  const row = DINGBATS.find(([first, last]) => number >= first && number <= last);
  return row ? String.fromCodePoint(row[2] + number - row[0]) : null;
}

const MANGLED = new Map(
  Object.entries({ b: ['eta'], r: ['ho'], k: ['appa'], t: ['au', 'heta'], c: ['hi'], d: ['elta'] }),
);

/**
 * A letter with its accent, or null where TeX would not have one. Some archives read `\beta` as the accent `\b` over
 * `eta` and write `\b{eta}`; that is the Greek letter.
 * @param {string} accent the accent macro's name: `'`, `"`, `c`, …
 * @param {string} argument a letter, `\i`, or what stood in the braces
 * @returns {string | null}
 */
export function accented(accent, argument) {
  if (MANGLED.get(accent)?.includes(argument)) return SIGNS.get(accent + argument) ?? null;
  const letter =
    argument === '\\i' ? 'i' : argument === '\\j' ? 'j' : (LETTERS.get(argument.slice(1)) ?? argument);
  const mark = COMBINING[accent];
  if (mark && letter === '' && '^~'.includes(accent)) return accent;
  return mark && /^\p{L}$/u.test(letter) ? (letter + mark).normalize('NFC') : null;
}
