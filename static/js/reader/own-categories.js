/**
 * The reader's own categories: each of the taxonomy's is in, out, or neither. Pure functions; home.js shows and keeps
 * them.
 */

/** @typedef {'in' | 'out'} Standing */
/** @typedef {{ code: string, standing: Standing }} Own */

const CODE = /^[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z-]+)?$/;
const MOST = 200;

/** What was kept, without what is not a choice of a category. @param {unknown} given @returns {Own[]} */
export function ownCategories(given) {
  if (!Array.isArray(given)) return [];
  return given
    .filter(
      (own) =>
        typeof own?.code === 'string' &&
        CODE.test(own.code) &&
        (own.standing === 'in' || own.standing === 'out'),
    )
    .slice(0, MOST);
}

/**
 * The choice with one category in its next standing: neither, in, out, neither.
 * @param {Own[]} own @param {string} code @returns {Own[]}
 */
export function turned(own, code) {
  const before = own.find((other) => other.code === code);
  const others = own.filter((other) => other.code !== code);
  if (!before) return [...others, { code, standing: 'in' }];
  return before.standing === 'in' ? [...others, { code, standing: 'out' }] : others;
}

/** The expression of the choice, such as `cs.AI+cs.LG-cs.CY`; empty where none is chosen. @param {Own[]} own */
export function expressionOf(own) {
  const codes = (/** @type {Standing} */ standing) =>
    own
      .filter((other) => other.standing === standing)
      .map(({ code }) => code)
      .sort();
  return (
    codes('in').join('+') +
    codes('out')
      .map((code) => `-${code}`)
      .join('')
  );
}
