/**
 * Definitions that a formula makes for itself: `\newcommand`, `\renewcommand`, `\providecommand`, `\def` and
 * `\DeclareMathOperator`. They are expanded here, as text and within bounds, so that MathJax never learns a command from
 * somebody's text and no other formula is touched.
 */

const DEFINITION =
  /\\(?:(?:re)?newcommand|providecommand)\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?:\[([1-9])\])?\s*\{|\\def\s*(\\[A-Za-z]+)\s*((?:#[1-9])*)\s*\{|\\DeclareMathOperator(\*?)\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*\{/g;
const COMMAND = /\\[A-Za-z]+|\\[^]/g;
const MOST_EXPANSIONS = 500;
const LONGEST = 10_000;

/** @typedef {{body: string, parameters: number}} Definition */

/**
 * The TeX with its own definitions taken out and expanded. Where they are broken, go round in circles or grow too long,
 * the TeX comes back as it was.
 * @param {string} tex
 * @returns {string}
 * @example withoutDefinitions('\\newcommand{\\bx}{\\mathbf{x}}\\bx=0') // '\\mathbf{x}=0'
 */
export function withoutDefinitions(tex) {
  if (!/\\(?:(?:re)?newcommand|providecommand|def|DeclareMathOperator)(?![A-Za-z])/.test(tex)) return tex;
  /** @type {Map<string, Definition>} */
  const definitions = new Map();
  let rest = '';
  let from = 0;
  DEFINITION.lastIndex = 0;
  for (let match = DEFINITION.exec(tex); match; match = DEFINITION.exec(tex)) {
    const end = endOfGroup(tex, DEFINITION.lastIndex);
    if (end < 0) return tex;
    const [, command, count, defined, hashes, star, operator] = match;
    const body = tex.slice(DEFINITION.lastIndex, end - 1);
    const name = command ?? defined ?? operator;
    const parameters = command ? Number(count ?? 0) : (hashes?.length ?? 0) / 2;
    definitions.set(name, { body: operator ? `\\operatorname${star}{${body}}` : body, parameters });
    rest += tex.slice(from, match.index);
    from = DEFINITION.lastIndex = end;
  }
  return expand(rest + tex.slice(from), definitions) ?? tex;
}

/** @param {string} tex @param {Map<string, Definition>} definitions @returns {string | null} */
function expand(tex, definitions) {
  let expansions = 0;
  let at = 0;
  for (;;) {
    COMMAND.lastIndex = at;
    const match = COMMAND.exec(tex);
    if (!match) return tex;
    const definition = definitions.get(match[0]);
    at = match.index + match[0].length;
    if (!definition) continue;
    expansions += 1;
    const given = readArguments(tex, at, definition.parameters);
    if (!given || expansions > MOST_EXPANSIONS || tex.length > LONGEST) return null;
    const body = definition.body.replace(/\\[^]|#([1-9])/g, (found, number) =>
      number ? (given.values[number - 1] ?? found) : found,
    );
    // A command that ends the body must not grow together with a letter after it.
    const separator = /\\[A-Za-z]+$/.test(body) && /^[A-Za-z]/.test(tex.slice(given.end)) ? ' ' : '';
    tex = tex.slice(0, match.index) + body + separator + tex.slice(given.end);
    at = match.index;
  }
}

/** @param {string} tex @param {number} at @param {number} count @returns {{values: string[], end: number} | null} */
function readArguments(tex, at, count) {
  const values = [];
  for (; values.length < count;) {
    while (/\s/.test(tex[at] ?? '')) at += 1;
    if (at >= tex.length) return null;
    const end =
      tex[at] === '{'
        ? endOfGroup(tex, at + 1)
        : at + (/^\\(?:[A-Za-z]+|[^])|^[^]/.exec(tex.slice(at, at + 40))?.[0].length ?? 1);
    if (end < 0) return null;
    values.push(tex[at] === '{' ? tex.slice(at + 1, end - 1) : tex.slice(at, end));
    at = end;
  }
  return { values, end: at };
}

/** Where the brace group ends whose contents begin at a place, or -1. @param {string} tex @param {number} from */
function endOfGroup(tex, from) {
  for (let at = from, depth = 1; at < tex.length; at += 1) {
    if (tex[at] === '\\') at += 1;
    else if (tex[at] === '{') depth += 1;
    else if (tex[at] === '}' && (depth -= 1) === 0) return at + 1;
  }
  return -1;
}
