/** Draws the lattice of a short text: an arc for each piece that matches, a bar for the probability of each cut. */

import { shown } from './text.js';

const STEP = 26;
const BAR = 36;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * @typedef {object} Edge
 * @property {number} start
 * @property {number} end
 * @property {number} id
 * @property {string | null} text
 * @property {string} b64
 * @property {number} score
 *
 * @typedef {object} Path
 * @property {number[]} edges
 * @property {number} probability
 *
 * @typedef {object} Lattice
 * @property {Edge[]} edges
 * @property {Path} best
 * @property {Path[]} n_best
 * @property {number[]} boundaries
 */

/** @param {Lattice} lattice @param {string} label what the picture is called @returns {SVGElement} */
export function drawn(lattice, label) {
  const best = new Set(lattice.best.edges);
  const longest = Math.max(...lattice.edges.map((edge) => edge.end - edge.start));
  const ground = 24 + height(longest);
  const width = (lattice.boundaries.length + 1) * STEP;
  const picture = made('svg', { width, height: ground + BAR + 44, role: 'img', 'aria-label': label });
  const order = lattice.edges.map((_, i) => i).sort((a, b) => Number(best.has(a)) - Number(best.has(b)));
  for (const number of order) picture.append(...arc(lattice.edges[number], ground, best.has(number)));
  lattice.boundaries.forEach((probability, node) => picture.append(...boundary(node, probability, ground)));
  return picture;
}

/** The best segmentations as list items. @param {Lattice} lattice @returns {HTMLElement[]} */
export function listed(lattice) {
  return lattice.n_best.map((path) => {
    const item = document.createElement('li');
    const share = document.createElement('span');
    share.className = 'quiet';
    share.textContent = percent(path.probability);
    const flow = document.createElement('span');
    flow.className = 'flow';
    for (const number of path.edges) {
      const piece = document.createElement('span');
      const sight = shown(bytesOf(lattice.edges[number]), true);
      piece.className = sight.raw ? 'piece raw' : 'piece';
      piece.textContent = sight.shown;
      flow.append(piece);
    }
    item.append(share, flow);
    return item;
  });
}

/** @param {Edge} edge @param {number} ground @param {boolean} best */
function arc(edge, ground, best) {
  const length = edge.end - edge.start;
  const [from, to, top] = [x(edge.start), x(edge.end), ground - height(length)];
  const kind = best ? ' best' : '';
  const path = made('path', {
    class: `arc${kind}`,
    d: `M${from} ${ground} C${from + 4} ${2 * top - ground + (ground - top) * 0.65} ${to - 4} ${2 * top - ground + (ground - top) * 0.65} ${to} ${ground}`,
  });
  const sight = shown(bytesOf(edge), true);
  path.append(made('title', {}, `${sight.shown} · ${edge.id} · ${edge.score.toFixed(2)}`));
  if (!best && length > 1) return [path];
  const y = best ? top - 2 : ground + 12;
  const name = sight.raw ? `raw${kind}` : `name${kind}`;
  return [path, made('text', { class: name, x: (from + to) / 2, y }, sight.shown.trim() || sight.shown)];
}

/** @param {number} node @param {number} probability @param {number} ground */
function boundary(node, probability, ground) {
  const below = ground + 22;
  const bar = made('rect', {
    class: 'bar',
    x: x(node) - 5,
    y: below + BAR * (1 - probability),
    width: 10,
    height: Math.max(0.5, BAR * probability),
  });
  bar.append(made('title', {}, percent(probability)));
  return [
    made('line', { class: 'ground', x1: x(node) - 5, x2: x(node) + 5, y1: below + BAR, y2: below + BAR }),
    made('circle', { class: 'node', cx: x(node), cy: ground, r: 2 }),
    bar,
  ];
}

/** @param {number} node */
const x = (node) => (node + 1) * STEP;

/** How high an arc over so many bytes is. @param {number} length */
const height = (length) => 10 + 22 * Math.sqrt(length);

/** @param {number} probability */
function percent(probability) {
  return probability && probability < 0.0005 ? '< 0.1 %' : `${(probability * 100).toFixed(1)} %`;
}

/** @param {Edge} edge */
const bytesOf = (edge) => Uint8Array.from(atob(edge.b64), (character) => character.charCodeAt(0));

/** @param {string} name @param {Record<string, string | number>} attributes @param {string} [text] */
function made(name, attributes, text) {
  const element = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}
