/** What the tests read out of the scanner's and the renderers' results. */

import { renderMarkdown, restoreText } from '../../static/math-text/markdown.js';
import { scan } from '../../static/math-text/tex-scanner.js';

/** @typedef {import('../../static/math-text/tex-prose.js').Node} Node */

/**
 * The formulas of a text, in order.
 * @param {string} source
 * @param {'latex' | 'markdown'} format
 */
export function formulasOf(source, format) {
  return scan(source, format).filter((segment) => segment.kind === 'math');
}

/**
 * Rendered Markdown with each placeholder replaced: formulas between ⟪ and ⟫, what is shown plainly as it is.
 * @param {string} source
 * @param {import('../../static/math-text/markdown.js').Links} [links]
 */
export function renderedHtml(source, links) {
  return shownHtml(renderMarkdown(source, links), ['', '']);
}

/**
 * The HTML of a text as a reader sees it.
 * @param {ReturnType<typeof renderMarkdown>} rendered
 * @param {[string, string]} plain what stands around a stretch that is shown as it was written
 */
export function shownHtml({ html, formulas }, [before, after] = ['⟦', '⟧']) {
  const restored = html.replace(/="[^"]*"/g, (attribute) => restoreText(attribute, formulas));
  return restored.replace(/\uE000(\d+)\uE001/g, (_, number) => {
    const formula = formulas[number];
    return formula.kind === 'math' ? `⟪${formula.tex}⟫` : before + formula.source + after;
  });
}

/**
 * The visible text of a prose tree, mathematics as U+FFFC.
 * @param {readonly Node[]} nodes
 * @returns {string}
 */
export function visibleText(nodes) {
  return nodes
    .map((node) => {
      if (node.type === 'text') return node.text;
      if (node.type === 'math') return '\uFFFC';
      if (node.type === 'definition') return '';
      return node.type === 'break' ? '\n' : visibleText(node.children);
    })
    .join('');
}

/** A generator of pseudo-random numbers in [0, 1) that a seed determines (mulberry32). @param {number} seed */
export function randomFrom(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
