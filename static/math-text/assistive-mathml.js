/**
 * Hidden MathML beside a drawn formula, for screen readers: MathJax's own tree as elements. MathJax's own
 * extension, which brings the styles, writes a string and parses it as a page: a fifth of the time of the formula.
 */

const MATHML = 'http://www.w3.org/1998/Math/MathML';
const UNWANTED = /^(?:data-.*|id|class|style|href|xmlns)$/;

/**
 * @param {any} root MathJax's tree of one formula
 * @param {boolean} display
 * @returns {HTMLElement}
 */
export function assistiveMathML(root, display) {
  const holder = document.createElement('mjx-assistive-mml');
  holder.setAttribute('unselectable', 'on');
  holder.setAttribute('display', display ? 'block' : 'inline');
  holder.append(...toMathML(root));
  return holder;
}

/** @param {any} node @returns {Node[]} */
function toMathML(node) {
  if (node.isKind('text')) return [document.createTextNode(node.getText())];
  if (node.isKind('XML') || node.isKind('html')) return [];
  const children = node.childNodes.flatMap((/** @type {any} */ child) => (child ? toMathML(child) : []));
  if (node.isInferred) return children;
  const element = document.createElementNS(MATHML, node.isKind('TeXAtom') ? 'mrow' : node.kind);
  const attributes = node.attributes.getAllAttributes();
  for (const name of Object.keys(attributes)) {
    if (!UNWANTED.test(name)) element.setAttribute(name, mathVariant(name, String(attributes[name])));
  }
  element.append(...children);
  return [element];
}

/** MathJax has variants of its own, such as -tex-calligraphic. @param {string} name @param {string} value */
function mathVariant(name, value) {
  if (name !== 'mathvariant' || !value.startsWith('-')) return value;
  return value.includes('bold') ? 'bold-script' : value.includes('calligraphic') ? 'script' : 'normal';
}
