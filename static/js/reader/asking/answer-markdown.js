/** Questions with their answers as a Markdown text that can be kept elsewhere: with its quotes' outcomes and the citation. */

import { withOwnWords } from './quotes.js';

/** @typedef {import('./quotes.js').Quote} Quote */
/** @typedef {{ title: string, answer: string, facts: string, quotes: readonly Quote[] }} Written */

/**
 * @param {readonly Written[]} exchanges the oldest first
 * @param {{ heading: string, citation: string, outcome: (quote: Quote) => string }} around `outcome` words what became of a quote
 */
export function markdownOf(exchanges, { heading, citation, outcome }) {
  const parts = [`# ${heading.replace(/\s+/g, ' ')}`];
  for (const { title, answer, facts, quotes } of exchanges) {
    parts.push(`## ${title.replace(/\s+/g, ' ')}`, withOwnWords(answer, quotes).trim());
    if (quotes.length > 0) parts.push(quotes.map((quote) => item(quote, outcome(quote))).join('\n'));
    if (facts) parts.push(`*${facts}*`);
  }
  if (citation.trim()) parts.push(citation.trim());
  return `${parts.join('\n\n')}\n`;
}

/** @param {Quote} quote @param {string} outcome */
function item({ quote, words, anchor, status }, outcome) {
  const shown = (status === 'repaired' && words) || quote;
  return `- “${shown.replace(/\s+/g, ' ')}”${anchor ? ` [${anchor}]` : ''}: ${outcome}`;
}
