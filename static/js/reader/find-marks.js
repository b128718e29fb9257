/**
 * Marks what the find bar found, by the CSS Custom Highlight API: no element changes, so neither a formula nor a
 * translator notices. Only papers near the window are marked; without that API none are.
 */

import { places } from './find.js';

const NAME = 'find';
const NEAR = '600px';
const FIELDS = '.title, .authors, .abstract';
const NOT_PROSE = '.math, summary';

const marks = typeof Highlight === 'function' && CSS.highlights ? new Highlight() : null;
if (marks) CSS.highlights.set(NAME, marks);

/** @type {string[]} */
let words = [];
let whole = false;
/** @type {Map<Element, Range[]>} */
const near = new Map();

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) mark(target);
      else unmark(target);
    }
  },
  { rootMargin: NEAR },
);

/**
 * Marks these words, folded, from now on; none to mark nothing.
 * @param {string[]} wanted @param {boolean} [asWords] whether they are stems of words, of which all is marked
 */
export function markWords(wanted, asWords = false) {
  if (!marks) return;
  words = wanted;
  whole = asWords;
  marks.clear();
  for (const paper of [...near.keys()]) mark(paper); // marking puts a paper back at the end
}

/** Takes a paper among those that are marked when they are near. @param {Element} paper */
export const watchPaper = (paper) => observer.observe(paper);

/** Marks nothing any more and forgets all papers. */
export function stopMarking() {
  observer.disconnect();
  near.clear();
  marks?.clear();
  words = [];
}

/** @param {Element} paper */
function unmark(paper) {
  for (const range of near.get(paper) ?? []) marks?.delete(range);
  near.delete(paper);
}

/** @param {Element} paper */
function mark(paper) {
  unmark(paper);
  const ranges = words.length > 0 ? [...paper.querySelectorAll(FIELDS)].flatMap(rangesIn) : [];
  near.set(paper, ranges);
  for (const range of ranges) marks?.add(range);
}

/** @param {Element} field @returns {Range[]} */
function rangesIn(field) {
  const walker = document.createTreeWalker(field, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT, (node) => {
    if (node instanceof Element)
      return node.matches(NOT_PROSE) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
    return NodeFilter.FILTER_ACCEPT;
  });
  const ranges = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const [start, end] of places(node.nodeValue ?? '', words, whole)) {
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, end);
      ranges.push(range);
    }
  }
  return ranges;
}

// A text that was built or typeset again has new nodes.
document.addEventListener('math-text:ready', ({ target }) => {
  const paper = target instanceof Element && target.closest('article.paper');
  if (paper && words.length > 0 && near.has(paper)) mark(paper);
});
