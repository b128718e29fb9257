/**
 * What MathJax is told before it starts: where its files lie, which of TeX is allowed, what is kept quiet.
 * Plain data and no MathJax call; every address is relative to this module, so no other host is ever asked.
 */

const VENDOR = new URL('../vendor/', import.meta.url);

/** Where MathJax itself is served. */
export const MATHJAX_ADDRESS = new URL('mathjax/tex-chtml.js', VENDOR).href;

// Extensions that let a text redefine commands, set styles or classes, link freely, or ask another host for a font.
const CLOSED = ['action', 'html', 'mhchem', 'newcommand', 'unicode', 'require', 'setoptions', 'texhtml'];

// Loaded with MathJax rather than when a formula asks, so that printing, which cannot wait, finds them there.
const TEX_EXTENSIONS = ['boldsymbol', 'braket', 'cancel', 'color', 'extpfeil', 'mathtools'];

/** What would change the meaning of other formulas, by MathJax's names of the tables it stands in. */
export const CLOSED_COMMANDS = {
  'AMSmath-macros': ['DeclareMathOperator'],
  color: ['definecolor'],
  extpfeil: ['Newextarrow'],
  'mathtools-macros': (
    'DeclarePairedDelimiter DeclarePairedDelimiters DeclarePairedDelimiterX DeclarePairedDelimiterXPP ' +
    'mathtoolsset newcases renewcases newtagform renewtagform usetagform'
  ).split(' '),
};

/** Commands that authors use and TeX knows from packages that are not served, drawn with what is there. */
const MACROS = {
  bm: ['\\boldsymbol{#1}', 1],
  boldmath: '',
  mathbbm: ['\\mathbb{#1}', 1],
  mathds: ['\\mathbb{#1}', 1],
  vv: ['\\overrightarrow{#1}', 1],
  ensuremath: ['#1', 1],
  xspace: '',
  degree: '^{\\circ}',
  textdegree: '^{\\circ}',
  micro: '\\mu',
};

/**
 * The settings, as MathJax reads them from `window.MathJax`.
 * @param {(startup: any) => void} ready called when MathJax's parts are there, before its document is made
 */
export function settings(ready) {
  return {
    loader: {
      load: ['ui/safe', 'a11y/assistive-mml', ...TEX_EXTENSIONS.map((name) => `[tex]/${name}`)],
      paths: { 'mathjax-newcm': new URL('mathjax-newcm-font', VENDOR).href },
    },
    startup: { typeset: false, ready },
    tex: {
      packages: { '[+]': TEX_EXTENSIONS, '[-]': ['newcommand', 'require', 'setoptions'] },
      autoload: Object.fromEntries(CLOSED.map((name) => [name, []])),
      macros: MACROS,
      maxMacros: 1000,
      maxBuffer: 50 * 1024,
      tags: 'ams',
    },
    chtml: { displayOverflow: 'overflow' },
    options: {
      // The text is found by our own scanner; MathJax is handed formulas and never looks at a page's prose.
      renderActions: { find: [10, () => false, () => false, false] },
      menuOptions: {
        // Options such as enableSpeech alone are overruled by the menu's settings, and speech is 44 times the cost.
        settings: { enrich: false, speech: false, braille: false, collapsible: false, assistiveMml: true },
      },
    },
  };
}
