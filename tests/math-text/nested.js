/** Random texts of lists, quotes, code and formulas within each other. */

import { randomFrom } from './reading.js';

/**
 * A text that a seed determines: blocks within lists and quotes, indented as people do and now and then otherwise.
 * @param {number} seed
 */
export function nestedText(seed) {
  const random = randomFrom(seed);
  let formulas = 0;
  /** @param {number} count */
  const below = (count) => Math.floor(random() * count);
  /** @template T @param {readonly T[]} choices */
  const any = (choices) => choices[below(choices.length)];
  const formula = () => `x_{${(formulas += 1)}}`;
  const words = () => any(['so', 'we see', 'it holds that', 'where', 'and then', '所以', 'with a price of']);
  const line = () =>
    any([`${words()} $${formula()}$`, `${words()} $${formula()}$ ${words()}`, words(), `$${formula()}$`]);

  /** @param {number} depth @returns {string[]} lines */
  function block(depth) {
    const kind = below(depth > 3 ? 5 : 10);
    if (kind < 2) return Array.from({ length: 1 + below(3) }, line);
    if (kind === 2) return ['$$', `${formula()} = y`, '$$'];
    if (kind === 3)
      return any([
        ['```', `$${formula()}$`, '```'],
        ['~~~ py', `a = "$${formula()}$"`, '~~~'],
      ]);
    if (kind === 4)
      return any([['', `    $${formula()}$`], [`## ${line()}`], ['***'], [`\`$${formula()}$\` ${line()}`]]);
    if (kind === 5) return blocks(depth + 1).map((text) => (text === '' ? '>' : `> ${text}`));
    const marker = any(['-', '*', '+', '1.', '1)']);
    return Array.from({ length: 1 + below(3) }, () => item(depth, marker)).flat();
  }

  /** @param {number} depth @param {string} marker */
  function item(depth, marker) {
    const space = ' '.repeat(any([1, 1, 1, 2, 3]));
    const indent = ' '.repeat(marker.length + space.length + any([0, 0, 0, 0, 0, 1]));
    const [first, ...rest] = blocks(depth + 1);
    return [marker + space + first.trimStart(), ...rest.map((text) => (text === '' ? '' : indent + text))];
  }

  /** @param {number} depth */
  function blocks(depth) {
    const lines = block(depth).filter((text, index) => index > 0 || text !== '');
    lines[0] = lines[0].trimStart();
    for (let count = below(3); count > 0; count -= 1) {
      if (below(5) > 0) lines.push('');
      lines.push(...block(depth));
    }
    return lines;
  }

  return `${[...blocks(0), '', ...blocks(0)].join('\n')}\n`;
}
