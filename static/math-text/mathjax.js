/**
 * Loads MathJax once, and adds what it lacks: formulas made tidy and kept in bounds, equation numbers of each text's
 * own, and notice of what the reader chooses in its menu. It typesets nothing.
 */

import { CLOSED_COMMANDS, MATHJAX_ADDRESS, settings } from './mathjax-settings.js';

/** @type {Promise<void> | null} */
let loading = null;
let loaded = false;
let texts = 0;
let settingsChanged = () => {};

/** MathJax's own object, there once `load` has resolved. @returns {any} */
const mathjax = () => /** @type {any} */ (window).MathJax;

/** MathJax's document: looked up each time, since the menu replaces it when it loads speech. @returns {any} */
export const mathDocument = () => mathjax().startup.document;

/** Whether formulas can be typeset without waiting for MathJax itself. */
export const isLoaded = () => loaded;

/** Whether the reader has asked for speech or for exploring formulas, which needs MathJax to keep what it typeset. */
export const isExploring = () => Boolean(mathDocument().options.enableEnrichment);

/**
 * What to do when the reader changes in MathJax's menu how formulas are shown: all have to be typeset again.
 * @param {() => void} action
 */
export function onSettingsChanged(action) {
  settingsChanged = action;
}

/** Loads MathJax, once; rejects when it cannot be had. @returns {Promise<void>} */
export function load() {
  loading ??= start().then(
    () => {
      loaded = true;
      keepMathML();
      mathDocument().menu.menu.findID('Settings', 'Renderer', 'SVG').disable(); // its files are not served
    },
    (error) => {
      loading = null; // the next block that comes near tries again
      throw error;
    },
  );
  return loading;
}

/** @returns {Promise<void>} */
function start() {
  return new Promise((resolve, reject) => {
    const ready = () => {
      begin();
      mathjax().startup.promise.then(resolve, reject);
    };
    /** @type {any} */ (window).MathJax = settings(ready, reject);
    const script = document.createElement('script');
    script.src = MATHJAX_ADDRESS;
    script.addEventListener('error', () =>
      reject(new Error(`MathJax could not be loaded from ${script.src}`)),
    );
    document.head.append(script);
  });
}

/** MathJax's own start, with what is ours. */
function begin() {
  const { startup } = mathjax();
  const { MapHandler } = mathjax()._.input.tex.MapHandler;
  for (const [table, commands] of Object.entries(CLOSED_COMMANDS))
    for (const command of commands) MapHandler.getMap(table).map.delete(command);
  skipHints();
  startup.extendHandler(ourDocument, 100);
  startup.defaultReady();
  styleByRule(startup.adaptor);
  startup.hasTypeset = true; // otherwise the menu believes that its settings concern no formula
}

/** A strict policy takes styles that are set as properties and drops those set as an attribute: boxes, brackets. @param {any} adaptor */
function styleByRule(adaptor) {
  const { setAttribute } = adaptor;
  adaptor.setAttribute = (
    /** @type {any} */ node,
    /** @type {string} */ name,
    /** @type {string[]} */ ...more
  ) => {
    if (name === 'style' && node.style) node.style.cssText = more[0];
    else setAttribute.call(adaptor, node, name, ...more);
  };
}

/** MathML for screen readers is there unless formulas are spoken; MathJax leaves it out from the first word on. */
function keepMathML() {
  const { options, menu } = mathDocument();
  const { enrich, speech, braille } = menu.settings;
  if (!enrich || !(speech || braille)) options.enableAssistiveMml = menu.settings.assistiveMml = true;
}

/** @param {any} handler of MathJax's, whose document we extend */
function ourDocument(handler) {
  handler.documentClass = class extends handler.documentClass {
    /** @param {any[]} args */
    constructor(...args) {
      super(...args);
      this.inputJax[0].preFilters.add(takeWishes);
      this.inputJax[0].postFilters.add(refuseDepth, -5.8);
      this.inputJax[0].postFilters.add(nameSizes, -5.6); // right before ui/safe's
      this.inputJax[0].postFilters.add(tidy, -5.4); // right after it
    }
    // The menu asks MathJax to render its list of formulas again; the list is ours, so we are told instead.
    rerender() {
      keepMathML();
      settingsChanged();
      return this;
    }
    async rerenderPromise() {
      return this.rerender();
    }
  };
  return handler;
}

const EQUATION = '#mjx-equation-'; // how the ids of numbered equations begin
const LONGEST = 60; // em: a space or a rule above this is not mathematics
const DEEPEST = 60; // levels of elements within each other
const LENGTHS = [
  'width',
  'height',
  'depth',
  'lspace',
  'rspace',
  'voffset',
  'minsize',
  'maxsize',
  'rowspacing',
];
/** @type {Record<string, number>} */
const EM = { em: 1, ex: 0.45, px: 0.06, pt: 0.1, pc: 1.2, cm: 2.4, mm: 0.24, in: 6, mu: 0.056 };

/** Whether the formula at hand keeps the TeX of each of its parts; few do, and noting it takes time. */
let keepsHints = false;

/** @param {{math: any}} filtered */
function takeWishes({ math }) {
  keepsHints = Boolean(math.inputData.keepsHints) || isExploring();
}

/** Spares MathJax's parser to note the TeX of each part where `tidy` would only take it away. */
function skipHints() {
  const parser = mathjax()._.input.tex.TexParser.default.prototype;
  const { updateResult } = parser;
  parser.updateResult = function (/** @type {unknown[]} */ ...found) {
    if (keepsHints) updateResult.apply(this, found);
  };
}

/**
 * Refuses what is nested more deeply than mathematics is: a level becomes up to six elements, and a browser's layout,
 * which calls itself for each, ends the whole page at some six hundred.
 * @param {{math: any, data: any}} filtered
 */
function refuseDepth({ math, data }) {
  if (math.math.length <= DEEPEST) return;
  let level = [data.root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEEPEST) throw new RangeError(`nested more than ${DEEPEST} levels deep`);
    level = level.flatMap((node) => node.childNodes ?? []);
  }
}

/** A size set within text, as by `\\small`, is a number, on which ui/safe breaks. @param {{data: any}} filtered */
function nameSizes({ data }) {
  data.root.walkTree((/** @type {any} */ node) => {
    const own = node.attributes?.getAllAttributes();
    if (typeof own?.mathsize === 'number') own.mathsize = `${own.mathsize}em`;
  });
}

/** @param {{data: any}} filtered */
function tidy({ data }) {
  data.root.walkTree((/** @type {any} */ node) => {
    const own = node.attributes?.getAllAttributes();
    if (!own) return;
    if (!keepsHints) for (const name of ['data-latex', 'data-latex-item']) delete own[name];
    for (const name of LENGTHS) if (typeof own[name] === 'string') own[name] = bounded(own[name]);
    if ('href' in own) linkSafely(own);
    delete own.background; // which ui/safe overlooks
  });
}

/** A formula may link to the web and to an equation of a text. @param {Record<string, string>} attributes */
function linkSafely(attributes) {
  const address = attributes.href.trim().replace(/\\([%_#&~])/g, '$1');
  if (address.startsWith(EQUATION) || (/^https?:\/\//i.test(address) && URL.canParse(address)))
    attributes.href = address;
  else delete attributes.href;
}

/** @param {string} lengths */
const bounded = (lengths) =>
  lengths.replace(/([-+]?)((?<![\d.])(?:\d+(?:\.\d+)?|\.\d+))([a-z]{2})/g, (length, sign, amount, unit) =>
    Number(amount) * (EM[unit] ?? 0) > LONGEST ? `${sign}${LONGEST}em` : length,
  );

/**
 * Equation numbers and labels of one text; labels of two texts never meet, neither in MathJax nor as ids on the page.
 * @param {{labels: Record<string, {id: string}>, before: number}} [known] labels with their ids, and how many equations come before
 * @returns {any} MathJax's tags
 */
export function newTags(known) {
  const tags = mathjax()._.input.tex.Tags.TagsFactory.create('ams');
  const text = (texts += 1);
  let equations = 0;
  if (known) Object.assign(tags, { allLabels: { ...known.labels }, allCounter: known.before });
  tags.configuration = mathDocument().inputJax[0].parseOptions;
  // Counted, since two labels may differ only in what an id cannot hold; a label keeps its id when it is read again.
  tags.formatId = () => {
    const labels = tags.refUpdate ? tags.allLabels : known?.labels;
    return labels?.[tags.label]?.id || `${EQUATION.slice(1)}${text}-${(equations += 1)}`;
  };
  tags.formatUrl = (/** @type {string} */ id) => `#${encodeURIComponent(id)}`;
  const { finishEquation } = tags;
  tags.finishEquation = (/** @type {any} */ item) => {
    // Of two equations with one label the first has it: references to it may be drawn before the second one comes.
    for (const label of Object.keys(tags.labels)) if (label in tags.allLabels) delete tags.labels[label];
    finishEquation.call(tags, item);
  };
  return tags;
}
