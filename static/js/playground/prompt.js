/** A chat's prompt as the API answers it, turned into pieces. Pure functions, no DOM. */

import { bytesOf } from './text.js';

/**
 * @typedef {object} Answer what POST /api/v1/chat answers, with what `return` asks for
 * @property {string} prompt
 * @property {number[]} ids
 * @property {number} count
 * @property {{role: string | null, count: number}[]} messages one for each message, and one without a role for the rest
 * @property {number[][]} byte_spans
 * @property {{message: number, bytes: number[]}[]} contents
 */

/** What `owners` says of a piece that the template wrote. */
export const TEMPLATE = -1;

/** @param {Answer} answer @returns {import('./text.js').Pieces} */
export function piecesOf({ prompt, ids, byte_spans, contents }) {
  return { bytes: bytesOf(prompt), ids, byte_spans, scores: null, owners: ownersOf(byte_spans, contents) };
}

/**
 * Whose text each piece is: a message's where a part of it stands in its content, else the template's. A piece that
 * stands for nothing, such as the second one of a character, goes with the one before.
 *
 * @param {number[][]} spans
 * @param {Answer['contents']} contents in the order of the prompt
 * @returns {number[]} for each piece the message's number, or TEMPLATE
 */
export function ownersOf(spans, contents) {
  let at = 0;
  let before = TEMPLATE;
  return spans.map(([start, end]) => {
    if (start === end) return before;
    while (at < contents.length && contents[at].bytes[1] <= start) at++;
    before = contents[at]?.bytes[0] < end ? contents[at].message : TEMPLATE;
    return before;
  });
}

/**
 * How many ids each message has, and how many belong to none.
 *
 * @param {Answer} answer
 * @param {number} messages how many were sent
 */
export function countsOf({ messages: counts }, messages) {
  return Array.from({ length: messages + 1 }, (_, place) => counts[place]?.count ?? 0);
}
