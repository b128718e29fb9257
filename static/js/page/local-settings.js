/** Small choices of the reader, kept in this browser as JSON under one prefix. What is kept about papers is in shelf/shelf.js. */

const PREFIX = 'quire:';

/** What is kept under a name; null where nothing is, or nothing can be. @param {string} name @returns {any} */
export function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null');
  } catch {
    return null; // closed to this page, or written by hand: as if nothing were kept
  }
}

/** The text that is kept under a name; empty where that is none. @param {string} name */
export function keptText(name) {
  const value = kept(name);
  return typeof value === 'string' ? value : '';
}

/** Keeps a value; null forgets it. Throws where the browser keeps nothing for this page. @param {string} name @param {unknown} value */
export function keep(name, value) {
  if (value === null) localStorage.removeItem(PREFIX + name);
  else localStorage.setItem(PREFIX + name, JSON.stringify(value));
}
