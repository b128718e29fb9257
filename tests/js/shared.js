/** Where the shared data lies, for tests that use it. What a stranger's clone needs is in the project itself. */

import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const SHARED = new URL('../../../shared/data/', import.meta.url);

/**
 * The text of a shared file, or null with the reason to skip.
 * @param {string} name
 * @returns {{text: string, skip: false | string}}
 */
export function shared(name) {
  const path = new URL(name, SHARED);
  if (!existsSync(path))
    return { text: '', skip: `shared data is not beside this checkout: ${path.pathname}` };
  const bytes = readFileSync(path);
  return { text: (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'), skip: false };
}

/** @param {string} text JSON, one value a line @returns {any[]} */
export function records(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** White space as a reader sees it. @param {string} text */
export const collapsed = (text) => text.replace(/\s+/g, ' ').trim();
