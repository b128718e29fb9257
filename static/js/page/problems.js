/** What went wrong, in the words of the server and the language of the page. */

/** @typedef {{ detail?: string, translations?: Record<string, string> }} Problem */

/**
 * What a problem of the server says, in the page's language where the server has it so.
 *
 * Not by the page's `lang`, which a translator rewrites.
 * @param {Problem | null} problem
 */
export function messageOf(problem) {
  const language = document.documentElement.dataset.interface ?? 'en';
  return problem?.translations?.[language] ?? problem?.detail ?? '';
}
