/**
 * Builds what a text shows: elements for its prose and a guarded `span.math` for each formula, holding its source.
 * It typesets nothing, and nothing that it returns has been near the page: it is inert until it is inserted.
 */

import { footnoteMark } from './footnotes.js';
import { definitionSpan, guardedSpan, mathSpan } from './formula.js';
import { PLACEHOLDER, renderMarkdown, restoreText } from './markdown.js';
import { DOMPurify } from './libraries.js';
import { makeRoomForNumbers } from './bounded-children.js';
import { withPlainFormulas } from './plain-formula.js';
import { texProse } from './tex-prose.js';
import { scan } from './tex-scanner.js';

/** @typedef {import('./tex-prose.js').Node} ProseNode */
/** @typedef {import('./tex-scanner.js').MathSegment} MathSegment */
/** @typedef {import('./markdown.js').Formula} Formula */
/** @typedef {import('./markdown.js').Links} Links */

/** Never opened to translation, whatever becomes of the text around it. */
const GUARD = { className: 'notranslate', translate: false };

/** @type {Record<import('./tex-prose.js').Style, string>} */
const TAGS = {
  em: 'em',
  strong: 'strong',
  code: 'code',
  underline: 'u',
  strike: 's',
  superscript: 'sup',
  subscript: 'sub',
  'small-caps': 'span',
  footnote: 'span',
  cite: 'span',
};

const PURIFY = {
  ALLOWED_TAGS: (
    'a abbr b blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure ' +
    'h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup ' +
    'table tbody td tfoot th thead tr u ul var wbr #text'
  ).split(' '),
  ALLOWED_ATTR:
    'align alt checked cite colspan datetime dir href lang open rowspan src start title type'.split(' '),
  ALLOW_ARIA_ATTR: false,
  ALLOW_DATA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/**
 * Put before any HTML, and taken away again: it opens the body, which white space and scripts at the start would not,
 * and which a `<frameset>` would take the place of.
 */
const BODY = '<br>';

const TAG = /<[a-z](?:"[^"]{0,2000}"|'[^']{0,2000}'|[^<>"']){0,400}>/gi;
const STYLE = /("[^"]*"|'[^']*')|[\s/]style(?=\s*=)/gi;

/** Characters from which on a cell of a table holds prose, which is not read word beneath word. */
const PROSE = 30;

const LINKS = new Set(['http:', 'https:', 'mailto:']);

/** @param {string} source @returns {DocumentFragment} */
export function buildLatex(source) {
  const segments = scan(source, 'latex');
  const fragment = document.createDocumentFragment();
  appendAll(fragment, texProse(segments).map(toElement));
  return fragment;

  /** @param {ProseNode} node @returns {Node | string} */
  function toElement(node) {
    if (node.type === 'text') return node.text;
    if (node.type === 'math') return mathSpan(/** @type {MathSegment} */ (segments[node.index]));
    if (node.type === 'definition') return definitionSpan(node.source);
    if (node.type === 'break') return document.createElement('br');
    const element = node.type === 'link' ? link(node.href) : document.createElement(TAGS[node.type]);
    if (element.tagName === 'SPAN') element.className = node.type;
    if (node.type === 'code') Object.assign(element, GUARD);
    appendAll(element, node.children.map(toElement));
    return element;
  }
}

/** One by one: a call takes only so many arguments. @param {ParentNode} parent @param {readonly (Node | string)[]} nodes */
function appendAll(parent, nodes) {
  for (const node of nodes) parent.append(node);
}

/**
 * @param {string} source
 * @param {Links} [known] definitions from elsewhere in the text
 * @param {boolean} [goesOn] whether the text goes on after this block of it
 * @param {boolean} [inLooseList] whether the list that it begins with is part of a loose one
 * @returns {{fragment: DocumentFragment, links: Links, loose: boolean}} the known definitions with those of this text;
 *   whether it begins with a loose list
 */
export function buildMarkdown(source, known, goesOn, inLooseList) {
  const { html, formulas, links, loose } = renderMarkdown(source, known, goesOn, inLooseList);
  const fragment = /** @type {DocumentFragment} */ (
    /** @type {unknown} */ (DOMPurify.sanitize(BODY + withoutStyles(html), PURIFY))
  );
  fragment.firstChild?.remove();
  for (const element of fragment.querySelectorAll('*')) mendElement(element, formulas);
  const walker = document.createTreeWalker(fragment, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(/** @type {Text} */ (walker.currentNode));
  for (const text of texts) mendText(text, formulas);
  for (const paragraph of fragment.querySelectorAll('p:has(> [data-defines][hidden])'))
    if (isEmpty(paragraph)) /** @type {HTMLElement} */ (paragraph).hidden = true;
  return { fragment, links, loose };
}

/** A strict policy complains of `style` attributes as soon as they are parsed, before DOMPurify drops them. @param {string} html */
const withoutStyles = (html) =>
  html.replace(TAG, (tag) =>
    tag.replace(STYLE, (_, quoted) => (quoted === undefined ? ' data-style' : quoted)),
  );

/** Whether a paragraph shows nothing, as one of definitions. @param {Element} paragraph */
function isEmpty(paragraph) {
  const isHidden = (/** @type {ChildNode} */ node) =>
    node instanceof HTMLElement ? node.hidden || node.tagName === 'BR' : node.textContent?.trim() === '';
  return [...paragraph.childNodes].every(isHidden);
}

/** @param {Element} element @param {readonly Formula[]} formulas */
function mendElement(element, formulas) {
  for (const { name, value } of [...element.attributes]) {
    const restored = restoreText(value, formulas);
    if (restored !== value) element.setAttribute(name, restored);
  }
  if (element.matches('code, pre, kbd, samp')) Object.assign(element, GUARD);
  else if (element.matches('img')) replaceImage(/** @type {HTMLImageElement} */ (element));
  else if (element.matches('input')) replaceBox(/** @type {HTMLInputElement} */ (element));
  else if (element.matches('a')) secureLink(/** @type {HTMLAnchorElement} */ (element));
  else if (element instanceof HTMLOListElement) makeRoomForNumbers(element);
  else if (element.matches('td, th') && (element.textContent ?? '').length > PROSE)
    element.className = 'prose';
}

/** @param {string} href */
function link(href) {
  const anchor = document.createElement('a');
  anchor.setAttribute('href', href);
  secureLink(anchor);
  return anchor;
}

/** @param {HTMLAnchorElement} anchor */
function secureLink(anchor) {
  const address = anchor.getAttribute('href');
  if (address === null) return;
  const target = URL.canParse(address, document.baseURI) ? new URL(address, document.baseURI) : null;
  if (!target || !LINKS.has(target.protocol)) anchor.removeAttribute('href');
  else anchor.rel = 'noopener noreferrer';
}

/** A picture would reveal the reader to its host; the reader may follow a link instead. @param {HTMLImageElement} image */
function replaceImage(image) {
  const label = withPlainFormulas(image.alt) || image.getAttribute('src') || '';
  const inLink = image.closest('a');
  const anchor = inLink ? document.createElement('span') : link(image.getAttribute('src') ?? '');
  anchor.className = 'picture';
  anchor.textContent = label;
  image.replaceWith(anchor);
}

/** The box of a task list is a sign, not something to tick. @param {HTMLInputElement} box */
function replaceBox(box) {
  box.replaceWith(box.type === 'checkbox' ? (box.checked ? '☑' : '☐') : '');
}

/** @param {Text} text @param {readonly Formula[]} formulas */
function mendText(text, formulas) {
  if (text.parentElement?.closest('code, pre')) {
    const restored = restoreText(text.data, formulas);
    if (restored !== text.data) text.data = restored;
    return;
  }
  const parts = text.data.split(PLACEHOLDER);
  if (parts.length === 1) return;
  // A pattern with one group puts what the group matched at the odd places.
  const nodes = parts.map((part, place) => {
    if (place % 2 === 0) return part;
    const formula = formulas[Number(part)];
    if (formula.kind === 'note' && !text.parentElement?.closest('a')) return footnoteMark(formula);
    if (formula.kind === 'definition') return definitionSpan(formula.source);
    return formula.kind === 'math' ? mathSpan(formula) : guardedSpan(formula.source);
  });
  const fragment = document.createDocumentFragment();
  appendAll(fragment, nodes);
  text.replaceWith(fragment);
}
