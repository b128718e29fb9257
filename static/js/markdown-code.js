/**
 * Finds the stretches of a Markdown text where a dollar or a bracket is never a delimiter: code fences, code spans,
 * addresses, HTML tags. It does not parse Markdown; what it overlooks is mended when the page is built, since
 * a placeholder that fell into code gives its source back.
 */

/** @typedef {{start: number, end: number, code: boolean}} Opaque a half open stretch; no formula reaches into code */

const FENCE = /^((?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t]))*)([ \t]*)(`{3,}(?=[^`]*$)|~{3,})/;
const ADDRESS = /(?:https?:\/\/|www\.)[!#-;=?-[\]_a-z~]+/y;
const TAG =
  /<\/?[A-Za-z][A-Za-z0-9-]*(?:\s+[A-Za-z_:][\w.:-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*\s*\/?>/y;
const DESTINATION = /\]\([^\s()<>$]*\$[^\s()<>]*(?:\s+"[^"\n]*")?\)/y;

/**
 * The opaque stretches in order, none overlapping another.
 * @param {string} source
 * @returns {Opaque[]}
 */
export function findOpaque(source) {
  const fences = findFences(source);
  /** @type {Opaque[]} */
  const opaque = [];
  let from = 0;
  for (const fence of [...fences, { start: source.length, end: source.length, code: true }]) {
    findInline(source, from, fence.start, opaque);
    if (fence.end > fence.start) opaque.push(fence);
    from = fence.end;
  }
  return opaque;
}

/** @param {string} source @returns {Opaque[]} */
function findFences(source) {
  /** @type {Opaque[]} */
  const fences = [];
  /** @type {{start: number, mark: string, quoted: boolean} | null} */
  let open = null;
  for (let start = 0; start < source.length;) {
    const newline = source.indexOf('\n', start);
    const end = newline < 0 ? source.length : newline + 1;
    const line = source.slice(start, newline < 0 ? end : newline);
    if (open && open.quoted && !/^[ \t]*>/.test(line)) {
      fences.push({ start: open.start, end: start, code: true });
      open = null;
    }
    if (open) {
      const rest = line.replace(/^[ \t>]*/, '').trimEnd();
      if (rest.startsWith(open.mark) && rest === rest[0].repeat(rest.length)) {
        fences.push({ start: open.start, end, code: true });
        open = null;
      }
    } else {
      const match = FENCE.exec(line);
      if (match) open = { start: start + match[1].length, mark: match[3], quoted: match[1].includes('>') };
    }
    start = end;
  }
  if (open) fences.push({ start: open.start, end: source.length, code: true });
  return fences;
}

/** @param {string} source @param {number} from @param {number} to @param {Opaque[]} opaque */
function findInline(source, from, to, opaque) {
  /** @type {Map<number, number>} */
  const noRunBeyond = new Map();
  for (let at = from; at < to;) {
    const character = source[at];
    let end = -1;
    let code = false;
    if (character === '\\') {
      at += 2;
      continue;
    }
    if (character === '`') {
      let length = 1;
      while (source[at + length] === '`') length += 1;
      end = closeRun(source, at + length, to, length, noRunBeyond);
      code = true;
      if (end < 0) {
        at += length;
        continue;
      }
    } else if (character === 'h' || character === 'w') end = matchAt(ADDRESS, source, at);
    else if (character === '<') end = matchAt(TAG, source, at);
    else if (character === ']') end = matchAt(DESTINATION, source, at);
    if (end > at) {
      opaque.push({ start: at, end, code });
      at = end;
    } else at += 1;
  }
}

/** @param {RegExp} pattern @param {string} source @param {number} at */
function matchAt(pattern, source, at) {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : -1;
}

/** @param {string} source @param {number} from @param {number} to @param {number} length @param {Map<number, number>} none */
function closeRun(source, from, to, length, none) {
  if (from >= (none.get(length) ?? Infinity)) return -1;
  for (let at = source.indexOf('`', from); at >= 0 && at < to;) {
    let run = 1;
    while (source[at + run] === '`') run += 1;
    if (run === length) return at + run;
    at = source.indexOf('`', at + run);
  }
  none.set(length, from);
  return -1;
}
