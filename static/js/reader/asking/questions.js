/** The questions that every paper can be asked, and what asking will cost, from the server. */

import { API } from '../../page/base.js';
import { messageOf } from '../../page/problems.js';
import { addressOf, problemOf } from './answer-stream.js';

/** @typedef {{ name: string, title: string, prompt: string }} OfferedQuestion */
/** @typedef {{ source: string, version: number | null, model: string, tokens: number, context: number, left_out: string[] }} Cost */

/** @type {Map<string, Promise<OfferedQuestion[]>>} */
const offered = new Map();

/** @param {string} language @returns {Promise<OfferedQuestion[]>} */
export function questionsIn(language) {
  const known = offered.get(language);
  if (known) return known;
  const asked = fetchQuestions(language);
  offered.set(language, asked);
  asked.catch(() => offered.delete(language)); // to be asked for once more
  return asked;
}

/** @param {string} language */
async function fetchQuestions(language) {
  const response = await fetch(new URL(`questions?language=${language}`, API));
  if (!response.ok) throw new Error(`questions: ${response.status}`);
  return (await response.json()).items;
}

/**
 * What a question to a paper sends to the model. Throws an Error that says why it isn't known.
 * @param {string} paper @param {string} language @param {string} [file] one that is asked in the place of the paper's text
 * @returns {Promise<Cost>}
 */
export async function costOf(paper, language, file = '') {
  const response = await fetch(
    new URL(`?language=${language}${file && `&file=${file}`}`, addressOf(paper, 'cost')),
  );
  if (!response.ok) throw new Error(messageOf(await problemOf(response)) || String(response.status));
  return response.json();
}
