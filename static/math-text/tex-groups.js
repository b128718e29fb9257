/** TeX's brace groups and arguments, read as text. It knows no commands. */

/**
 * Where the brace group ends whose contents begin at a place, or -1.
 * @param {string} source
 * @param {number} from
 * @example endOfGroup('{a{b}}c', 1) // 6
 */
export function endOfGroup(source, from) {
  for (let at = from, depth = 1; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === '{') depth += 1;
    else if (source[at] === '}' && (depth -= 1) === 0) return at + 1;
  }
  return -1;
}

/**
 * The next arguments as TeX takes them: groups, commands or single signs; null where they are not all there.
 * @param {string} source
 * @param {number} at
 * @param {number} count
 * @param {(from: number) => number} [endOf] where a group ends whose contents begin at a place, or -1
 * @returns {{values: string[], end: number} | null}
 * @example readArguments('{a}b', 0, 2) // {values: ['a', 'b'], end: 4}
 */
export function readArguments(source, at, count, endOf = (from) => endOfGroup(source, from)) {
  const values = [];
  while (values.length < count) {
    while (/\s/.test(source[at] ?? '')) at += 1;
    if (at >= source.length || source[at] === '}') return null;
    const isGroup = source[at] === '{';
    const end = isGroup
      ? endOf(at + 1)
      : at + (/^\\(?:[A-Za-z]+|[^])/.exec(source.slice(at, at + 40))?.[0].length ?? 1);
    if (end < 0) return null;
    values.push(isGroup ? source.slice(at + 1, end - 1) : source.slice(at, end));
    at = end;
  }
  return { values, end: at };
}
