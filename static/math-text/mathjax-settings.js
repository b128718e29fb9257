/**
 * What MathJax is told before it starts: where its files lie, which of TeX is allowed, what is kept quiet.
 * Plain data and no MathJax call; every address is relative to this module, so no other host is ever asked.
 */

import { ENVIRONMENTS, MACROS } from './author-macros.js';
import { LIBRARIES } from './libraries.js';

/** Where MathJax itself is served. */
export const MATHJAX_ADDRESS = new URL('mathjax/tex-chtml.js', LIBRARIES).href;

// Extensions that let a text redefine commands, set styles or classes, or ask another host for a font.
const CLOSED = ['action', 'newcommand', 'unicode', 'require', 'setoptions', 'texhtml'];

// Loaded with MathJax rather than when a formula asks, so that printing, which cannot wait, finds them there.
const TEX_EXTENSIONS = ['boldsymbol', 'braket', 'cancel', 'color', 'extpfeil', 'html', 'mathtools'];

// Loaded when a formula asks: macros and environments by extension.
const AUTOLOADED = {
  cases: [[], ['numcases', 'subnumcases']],
  centernot: ['centernot'],
  empheq: [[], ['empheq']],
  mhchem: ['ce', 'pu'],
  units: ['nicefrac', 'units', 'unitfrac'],
};

/** What would change other formulas or the page, by MathJax's names of the tables it stands in. */
export const CLOSED_COMMANDS = {
  'AMSmath-macros': ['DeclareMathOperator'],
  color: ['definecolor'],
  extpfeil: ['Newextarrow'],
  html_macros: ['class', 'cssId', 'data', 'style'],
  'mathtools-macros': (
    'DeclarePairedDelimiter DeclarePairedDelimiters DeclarePairedDelimiterX DeclarePairedDelimiterXPP ' +
    'mathtoolsset newcases renewcases newtagform renewtagform usetagform'
  ).split(' '),
};

/**
 * The settings, as MathJax reads them from `window.MathJax`.
 * @param {() => void} ready called when MathJax's parts are there, before its document is made
 * @param {(error: Error) => void} failed called when one of its parts cannot be had
 */
export function settings(ready, failed) {
  return {
    loader: {
      failed,
      load: ['ui/safe', 'a11y/assistive-mml', ...TEX_EXTENSIONS.map((name) => `[tex]/${name}`)],
      paths: {
        'mathjax-newcm': new URL('mathjax-newcm-font', LIBRARIES).href,
        'mathjax-mhchem-extension': new URL('mathjax-mhchem-font-extension', LIBRARIES).href,
      },
    },
    startup: { typeset: false, ready },
    tex: {
      packages: { '[+]': TEX_EXTENSIONS, '[-]': ['newcommand', 'noundefined', 'require', 'setoptions'] },
      autoload: { ...Object.fromEntries(CLOSED.map((name) => [name, []])), ...AUTOLOADED },
      macros: MACROS,
      environments: ENVIRONMENTS,
      maxMacros: 1000,
      maxBuffer: 50 * 1024,
      tags: 'ams',
      ignoreDuplicateLabels: true, // LaTeX warns of them and goes on
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
