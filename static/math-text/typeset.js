/**
 * Typesets formulas that lie in `span.math`. It finds no mathematics, does not decide when a formula is typeset, and
 * keeps no list of what it has typeset: MathJax's own lists stay empty, and its menu asks for an item when it opens.
 */

import { assistiveMathML } from './assistive-mathml.js';
import { asMeant } from './authors-tex.js';
import { expanded } from './definitions.js';
import { sourceOf } from './formula.js';
import { isExploring, mathDocument } from './mathjax.js';
import { isNumbered, noteMissing, tagsAside, tagsFor } from './numbering.js';
import { TextDefinitions } from './text-definitions.js';

/** @typedef {import('./numbering.js').Numbering} Numbering */
/** @typedef {import('./definitions.js').Definitions} Definitions */
/** @typedef {{em: number, ex: number, containerWidth: number, scale: number, family: string}} Metrics */
/** @typedef {{spans: readonly HTMLElement[], numbering: Numbering}} Text the formulas of one text, in order */
/** @typedef {{span: HTMLElement, numbering: Numbering, key: string, metrics: Metrics, known: Definitions, item: any, container: HTMLElement | null}} Formula */
/** @typedef {Generator<Promise<unknown> | undefined, void>} Steps */

// Points in MathJax's order of actions.
const COMPILED = 20;
const TYPESET = 150;
const RETRIES = 40; // each one waits for a part of the font or for an extension
/** Text whose first letter is Hebrew, Arabic or of another script that runs from right to left. */
const RIGHT_TO_LEFT = /^\P{L}*[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/u;
const REMEMBERED = 600;
const LATER = Symbol('what the formula needs is not loaded yet');

/** @type {Map<string, Metrics>} */
const knownMetrics = new Map();
/** Formulas met before, by TeX and size: half of a list's formulas are `$n$` and its like. @type {Map<string, HTMLElement>} */
const drawn = new Map();

/** Forgets sizes and drawings; for when the reader chose another size or another way of drawing. */
export function forgetDrawings() {
  knownMetrics.clear();
  drawn.clear();
}

/**
 * Typesets the formulas of texts. Yields between formulas, so that the caller may let the browser breathe, and yields
 * a promise where MathJax has to wait for a part of its font: the caller awaits it, or takes the next step at once and
 * the formula keeps its source.
 * @param {readonly Text[]} texts
 * @returns {Steps}
 */
export function* typeset(texts) {
  const formulas = texts.flatMap(newFormulas);
  yield* isExploring() ? explore(formulas) : drawAll(formulas);
  forgetLast();
}

/** @param {readonly Formula[]} formulas @returns {Steps} */
function* drawAll(formulas) {
  for (const formula of formulas) {
    formula.container = recall(formula);
    if (formula.container) continue;
    yield* attempt(formula, compile);
    if (!formula.item.inputData.recompile) yield* attempt(formula, draw);
    yield;
  }
  for (const formula of formulas) {
    if (!formula.item?.inputData.recompile || formula.item.inputData.error) continue;
    yield* attempt(formula, compileAgain);
    yield* attempt(formula, draw);
  }
  mathDocument().addStyleSheet();
  for (const { span, item, container } of formulas) put(span, container, item?.inputData.error);
}

/** @param {Text} text @returns {Formula[]} */
function newFormulas({ spans, numbering }) {
  if (spans.length === 0) return [];
  const size = metricsAt(spans[0]); // of the whole text
  const definitions = definitionsAround(spans[0]);
  return spans.map((span) => {
    const known = definitions.before(span);
    return { span, numbering, ...size, known, item: null, container: null };
  });
}

/** What the text of a formula defines. @param {HTMLElement} span */
const definitionsAround = (span) => new TextDefinitions(span.closest('math-text'));

/**
 * The size of the text around a formula; measured once for each face and size, since measuring costs a layout.
 * @param {HTMLElement} span
 */
function metricsAt(span) {
  // Asking the text, not the formula: what lies in a far text has no style yet, and asking would make it.
  const text = span.closest('math-text') ?? span;
  const { fontFamily, fontSize } = getComputedStyle(text);
  const key = `${fontSize} ${fontFamily}`;
  let metrics = knownMetrics.get(key);
  if (!metrics) {
    metrics = /** @type {Metrics} */ (mathDocument().outputJax.getMetricsFor(span, false));
    if (span.getClientRects().length > 0) knownMetrics.set(key, metrics);
  }
  return { key, metrics };
}

/**
 * MathJax's item for a formula: what it typesets, and what its menu speaks of.
 * @param {HTMLElement} span
 * @param {Metrics} [metrics] where they are known
 * @param {Definitions} [known] what its text defines before it
 */
export function newItem(
  span,
  metrics = metricsAt(span).metrics,
  known = definitionsAround(span).before(span),
) {
  const page = mathDocument();
  const display = 'display' in span.dataset;
  const item = new page.options.MathItem(
    asMeant(expanded(span.dataset.tex ?? '', known)),
    page.inputJax[0],
    display,
  );
  const { em, ex, containerWidth, scale, family } = metrics;
  item.setMetrics(em, ex, containerWidth, scale);
  item.outputData.mtextFamily = family;
  item.start.node = item.end.node = span;
  return item;
}

/**
 * Runs one of MathJax's steps, again after each wait that it asks for. A step that breaks spoils its formula alone.
 * @param {Formula} formula
 * @param {(formula: Formula) => void} step
 * @returns {Steps}
 */
function* attempt(formula, step) {
  formula.item ??= newItem(formula.span, formula.metrics, formula.known);
  const { inputData } = formula.item;
  for (let retries = 0; !inputData.error; retries += 1) {
    try {
      step(formula);
      return;
    } catch (error) {
      const wait = /** @type {{retry?: Promise<unknown>}} */ (error).retry;
      if (!wait || retries >= RETRIES) inputData.error = error;
      else if (!(yield* arrival(wait))) inputData.error = LATER;
    }
  }
}

/** Whether the caller waited. @param {Promise<unknown>} wait @returns {Generator<Promise<unknown>, boolean>} */
function* arrival(wait) {
  let arrived = false;
  const mark = () => {
    arrived = true;
  };
  yield wait.then(mark, mark);
  return arrived;
}

/** @param {Formula} formula */
function compile({ item, numbering, span }) {
  const { parseOptions } = mathDocument().inputJax[0];
  parseOptions.tags = tagsFor(numbering, span, item);
  item.convert(mathDocument(), COMPILED);
  if (parseOptions.error) item.inputData.error = new Error(reasonOf(item.root));
}

/** What MathJax says is wrong with a formula. @param {any} root @returns {string} */
function reasonOf(root) {
  let reason = '';
  root?.walkTree((/** @type {any} */ node) => {
    reason ||= String(node.attributes?.getExplicit?.('data-mjx-error') ?? '');
  });
  return reason || 'bad TeX';
}

/** What a reference names may stand further down, and is known now. @param {Formula} formula */
function compileAgain(formula) {
  const { item, numbering } = formula;
  const before = item.inputData.recompile;
  item.state(before.state);
  item.inputData.recompile = before;
  compile(formula);
  numbering.tags.refUpdate = false;
  noteMissing(numbering, formula.span);
}

/** @param {Formula} formula */
function draw(formula) {
  const { item } = formula;
  item.convert(mathDocument(), TYPESET);
  const container = /** @type {HTMLElement} */ (item.typesetRoot);
  const links = secureLinks(container);
  directWords(container);
  if (mathDocument().options.enableAssistiveMml && links === 0) {
    for (const child of container.children) child.setAttribute('aria-hidden', 'true');
    container.append(assistiveMathML(item.root, item.display));
  }
  container.tabIndex = mathDocument().menu.settings.inTabOrder ? 0 : -1;
  formula.container = container;
  remember(formula);
}

/**
 * A display drawn in lines of at most so many em, with the numbers that it has; null where it cannot be drawn now.
 * @param {HTMLElement} span
 * @param {number} width
 * @returns {HTMLElement | null}
 */
export function drawnInLines(span, width) {
  const page = mathDocument();
  const { options } = page.outputJax;
  const { displayOverflow } = options;
  const item = newItem(span);
  const { em, ex, scale } = item.metrics;
  item.setMetrics(em, ex, width * em, scale);
  page.inputJax[0].parseOptions.tags = tagsAside(span);
  try {
    options.displayOverflow = 'linebreak';
    item.convert(page, TYPESET);
  } catch {
    return null; // a part of the font is not there yet: the drawing on one line is there to be printed
  } finally {
    options.displayOverflow = displayOverflow;
    forgetLast();
  }
  page.addStyleSheet();
  return /** @type {HTMLElement} */ (item.typesetRoot);
}

/** Words of scripts that run from right to left do so within a formula as well. @param {HTMLElement} container */
function directWords(container) {
  for (const words of container.querySelectorAll('mjx-mtext'))
    if (RIGHT_TO_LEFT.test(words.textContent ?? '')) words.setAttribute('dir', 'rtl');
}

/** Links to the web give nothing away of who follows them. @param {HTMLElement} container @returns {number} how many there are */
function secureLinks(container) {
  const links = container.querySelectorAll('a:not([href^="#"])');
  for (const link of links) /** @type {HTMLAnchorElement} */ (link).rel = 'noopener noreferrer';
  return links.length;
}

/** @param {Formula} formula */
const drawingKey = ({ key, span, known }) =>
  `${key} ${'display' in span.dataset} ${known.size > 0 ? expanded(span.dataset.tex ?? '', known) : span.dataset.tex}`;

/** @param {Formula} formula */
function recall(formula) {
  const key = drawingKey(formula);
  const known = drawn.get(key);
  if (!known) return null;
  drawn.delete(key); // and put last again: the first one is the one not met for longest
  drawn.set(key, known);
  return /** @type {HTMLElement} */ (known.cloneNode(true));
}

/** @param {Formula} formula */
function remember(formula) {
  const { span, container } = formula;
  if (!container || isNumbered(span.dataset.tex ?? '')) return;
  drawn.set(drawingKey(formula), /** @type {HTMLElement} */ (container.cloneNode(true)));
  if (drawn.size > REMEMBERED) drawn.delete(drawn.keys().next().value ?? '');
}

/** @param {HTMLElement} span @param {HTMLElement | null} container @param {unknown} error */
function put(span, container, error) {
  if (error === LATER) return;
  span.classList.toggle('math-error', Boolean(error));
  span.removeAttribute('title');
  if (error) {
    span.textContent = sourceOf(span);
    if (error instanceof Error && error.message) span.title = error.message;
  } else if (container) span.replaceChildren(container);
}

/** Typesets formulas so that they can be spoken and explored. @param {readonly Formula[]} formulas @returns {Steps} */
function* explore(formulas) {
  release();
  const numbered = formulas.filter(({ span }) => isNumbered(span.dataset.tex ?? ''));
  for (const formula of numbered) yield* attempt(formula, compile);
  for (const { item, numbering, span } of numbered)
    if (item.inputData.recompile) noteMissing(numbering, span);
  for (const formula of formulas) yield* exploreFormula(formula);
}

/**
 * MathJax's long way, which keeps the item.
 * @param {Formula} formula
 * @returns {Steps}
 */
function* exploreFormula(formula) {
  const page = mathDocument();
  const { span, metrics, known } = formula;
  span.textContent = sourceOf(span);
  const text = span.firstChild;
  const item = newItem(span, metrics, known);
  item.start = { node: text, n: 0, delim: '' };
  item.end = { node: text, n: sourceOf(span).length, delim: '' };
  page.inputJax[0].parseOptions.tags = tagsAside(span);
  page.math.push(item);
  page.reset();
  yield page.renderPromise().catch((/** @type {unknown} */ error) => {
    item.inputData.error = error;
  });
  secureLinks(span);
  if (item.inputData.error || span.querySelector('mjx-merror, [data-mjx-error]')) {
    page.clearMathItemsWithin([span]);
    put(span, null, new Error('bad TeX'));
  }
}

/** MathJax remembers what it worked on last, and so a text that may leave the page. */
function forgetLast() {
  const { inputJax, outputJax } = mathDocument();
  inputJax[0].parseOptions.mathItem = null;
  Object.assign(outputJax, { math: null, container: null, table: null });
}

/** Lets go of what MathJax keeps, to be explored, of formulas that have left the page. */
export function release() {
  const { math } = mathDocument();
  const gone = [...math].filter(({ start }) => !start.node?.isConnected);
  for (const item of gone) item.clear();
  math.remove(...gone);
}
