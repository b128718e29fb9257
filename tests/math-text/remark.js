/** What remark-math and the element read in a Markdown text: their formulas, in order. */

import remarkGfm from 'remark-gfm';
import remarkMath from 'remark-math';
import remarkParse from 'remark-parse';
import { unified } from 'unified';

import { renderMarkdown } from '../../static/math-text/markdown.js';

const reader = unified().use(remarkParse).use(remarkGfm).use(remarkMath);

/** White space is layout. @param {string} tex */
const collapsed = (tex) => tex.split(/\s+/).join(' ').trim();

/** @typedef {{tex: string, display: boolean}} Read */

/**
 * The formulas of a Markdown text as remark-math reads them.
 * @param {string} markdown
 * @returns {Read[]}
 */
export function readByRemark(markdown) {
  /** @type {Read[]} */
  const found = [];
  const visit = (/** @type {any} */ node) => {
    if (node.type === 'inlineMath' || node.type === 'math')
      found.push({ tex: collapsed(node.value), display: node.type === 'math' });
    for (const child of node.children ?? []) visit(child);
  };
  visit(reader.parse(markdown));
  return found;
}

/**
 * The formulas that the element shows of a Markdown text.
 * @param {string} markdown
 * @returns {Read[]}
 */
export function readByUs(markdown) {
  const { html, formulas } = renderMarkdown(markdown);
  const shown = html.replace(/<(code|pre)\b[^]*?<\/\1>/g, '');
  return [...shown.matchAll(/\uE000(\d+)\uE001/g)].flatMap(([, number]) => {
    const formula = formulas[Number(number)];
    return formula.kind === 'math' ? [{ tex: collapsed(formula.tex), display: formula.display }] : [];
  });
}
