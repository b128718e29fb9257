/**
 * An answer as it comes from the server: its events, read on where the connection broke off. It shows nothing.
 *
 * The browser's EventSource can't send a question, so the stream is read from the answer to a POST.
 */

import { createParser } from '../../../vendor/eventsource-parser/index.js';
import { API } from '../../page/base.js';

/** @typedef {import('./quotes.js').Quote} Quote */
/** @typedef {{ question: string, answer: string }} Turn */
/** @typedef {{ name?: string, question?: string, language: string, after: Turn[], again: boolean, file?: string }} Question */
/** @typedef {{ name: string, data: any }} AnswerEvent `data` as the server's events have it; `broken` is of this module */
/**
 * @typedef {object} Way
 * @property {AbortSignal} signal ends the reading
 * @property {typeof fetch} [ask]
 * @property {(milliseconds: number) => Promise<unknown>} [pause]
 * @property {number} [silence] milliseconds without a byte, after which a connection counts as broken
 */

/** Milliseconds that are waited before each further attempt; an event that arrives starts them from the first. */
const PAUSES = [300, 1000, 2000, 4000, 8000, 16_000];
const SILENCE = 45_000; // the server says every ten seconds that it is there
const LAST = new Set(['done', 'failed']);
/** What a server or a proxy says while it starts again. */
const PASSING = new Set([502, 503, 504]);

/** @param {string} paper an id @param {string} call */
export const addressOf = (paper, call) =>
  new URL(`papers/${paper.split('/').map(encodeURIComponent).join('/')}/${call}`, API);

/**
 * Asks a paper; gives the events of each packet together, until `done` or `failed`. Ends without either where the
 * signal ended it.
 * @param {string} paper an id @param {Question} question @param {Way} way
 * @returns {AsyncGenerator<AnswerEvent[], void>}
 */
export async function* answerEvents(
  paper,
  question,
  { signal, ask = fetch, pause = sleep, silence = SILENCE },
) {
  let last = '';
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    if (attempt > 0) {
      if (attempt > PAUSES.length) return yield [lost()];
      yield [{ name: 'broken', data: {} }];
      await pause(PAUSES[attempt - 1]);
    }
    try {
      const response = await ask(addressOf(paper, 'ask'), {
        method: 'POST',
        headers: {
          accept: 'text/event-stream',
          'content-type': 'application/json',
          ...(last ? { 'last-event-id': last } : {}),
        },
        body: JSON.stringify(question),
        signal,
      });
      if (!response.ok || !response.body) {
        if (last && PASSING.has(response.status)) continue;
        return yield [{ name: 'failed', data: await problemOf(response) }];
      }
      for await (const events of packets(response.body, silence)) {
        if (events.length === 0) continue;
        attempt = 0;
        last = events.at(-1)?.id || last;
        yield events;
        if (events.some(({ name }) => LAST.has(name))) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      console.warn(error); // a connection that broke; the next attempt goes on from the last event
    }
  }
}

/** The server ends an answer where nobody else reads it. @param {string} asking */
export const stopAnswer = (asking) => fetch(new URL(`asking/${asking}`, API), { method: 'DELETE' });

/**
 * The events of each packet of a stream. Throws where the connection breaks or is silent.
 * @param {ReadableStream<Uint8Array>} body @param {number} silence
 */
async function* packets(body, silence) {
  /** @type {(AnswerEvent & { id: string })[]} */
  let arrived = [];
  const parser = createParser({
    onEvent: ({ event = 'message', id = '', data }) => {
      arrived.push({ name: event, id, data: JSON.parse(data) });
    },
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(silence, reader.read());
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield arrived;
      arrived = [];
    }
  } finally {
    reader.cancel().catch(() => undefined); // a broken one can't be told
  }
}

/** @template T @param {number} milliseconds @param {Promise<T>} promise @returns {Promise<T>} */
function within(milliseconds, promise) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, refuse) => {
    timer = setTimeout(() => refuse(new Error(`silent for ${milliseconds} ms`)), milliseconds);
  });
  return /** @type {Promise<T>} */ (Promise.race([promise, late]).finally(() => clearTimeout(timer)));
}

/** The problem that a refusal describes. @param {Response} response */
export async function problemOf(response) {
  const told = await response.json().catch(() => null); // a proxy between may answer with a page
  return { status: response.status, detail: '', ...(told ?? {}) };
}

const lost = () => ({ name: 'failed', data: { type: 'lost', status: 0, detail: '' } });

/** @param {number} milliseconds */
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
