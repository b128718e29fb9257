/**
 * The parts of a search that only the browser can answer: `in:starred`, `tag:…`, and both with a hyphen before them.
 * Pure functions; the rest of the query stays the server's, word for word.
 */

/** @typedef {import('../shelf/shelf-records.js').ShelfRecord} ShelfRecord */
/** @typedef {{ starred: boolean | null, tags: string[], withoutTags: string[] }} Own starred: null where it is not asked */

const PART = /(^|[\s(])(-?)(?:in:starred\b|tag:(?:"([^"]*)"|([^\s()"]+)))/gi;
const MOST_BYTES = 1900; // of a query; the server takes 2048
const MOST_WORDS = 150; // of a query; the server takes 200

/**
 * A query parted into what the browser answers and what is left; null where OR, NOT or brackets tie them together.
 * @param {string} query @returns {{ own: Own, rest: string } | null}
 */
export function parted(query) {
  /** @type {Own} */
  const own = { starred: null, tags: [], withoutTags: [] };
  const rest = query.replace(PART, (_, before, minus, quoted, word) => {
    const tag = quoted ?? word;
    if (tag === undefined) own.starred = minus === '';
    else (minus ? own.withoutTags : own.tags).push(tag.toLowerCase());
    return `${before}\0`;
  });
  if (/\0/.test(rest) && /\b(?:OR|NOT|ANDNOT)\s*\0|\0\s*OR\b|\([^()]*\0/.test(rest)) return null;
  const words = rest
    .replace(/\bAND\s+\0|\0\s+AND\b/g, '\0')
    .replaceAll('\0', ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return { own, rest: words };
}

/** Whether what is kept about a paper is asked for. @param {Own} own @returns {(record: ShelfRecord) => boolean} */
export const isAskedFor =
  ({ starred, tags, withoutTags }) =>
  (record) => {
    const has = (/** @type {string} */ tag) => record.tags.some((other) => other.toLowerCase() === tag);
    if (starred !== null && (record.starred !== null) !== starred) return false;
    return tags.every(has) && !withoutTags.some(has);
  };

/**
 * The rest of a query asked of these papers alone, in as many queries as it takes.
 * @param {string} rest @param {string[]} ids @returns {string[]}
 */
export function queriesOf(rest, ids) {
  const queries = [];
  const start = `(${rest}) AND (`;
  const size = new TextEncoder().encode(start).length;
  const room = Math.max(1, Math.floor((MOST_BYTES - size) / ' OR id:astro-ph/9901001'.length));
  const words = Math.max(1, MOST_WORDS - rest.split(/\s+/).length);
  const together = Math.min(room, words);
  for (let at = 0; at < ids.length; at += together)
    queries.push(
      `${start}${ids
        .slice(at, at + together)
        .map((id) => `id:${id}`)
        .join(' OR ')})`,
    );
  return queries;
}
