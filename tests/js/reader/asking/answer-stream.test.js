import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressOf, answerEvents } from '../../../../static/js/reader/asking/answer-stream.js';

/** @typedef {import('../../../../static/js/reader/asking/answer-stream.js').AnswerEvent} AnswerEvent */

const QUESTION = { name: 'summary', language: 'en', after: [], again: false };

/** @param {number} number @param {string} name @param {object} data */
const event = (number, name, data) => `id: a-${number}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** A stream of these packets that ends, breaks (null), or stays open ('open'). @param {(string | Uint8Array | null | 'open')[]} packets */
const streamed = (packets) =>
  new Response(
    new ReadableStream({
      async start(controller) {
        for (const packet of packets) {
          if (packet === null) return controller.error(new TypeError('network error'));
          if (packet === 'open') return undefined;
          controller.enqueue(typeof packet === 'string' ? new TextEncoder().encode(packet) : packet);
          await new Promise((resolve) => setTimeout(resolve));
        }
        controller.close();
        return undefined;
      },
    }),
  );

/**
 * @param {(() => Response | Promise<Response>)[]} answers to one request after the other
 * @param {{ silence?: number }} [how]
 */
async function asked(answers, how = {}) {
  /** @type {(string | null)[]} */
  const resumed = [];
  const ask = /** @type {typeof fetch} */ (
    async (_, init) => {
      resumed.push(new Headers(init?.headers).get('last-event-id'));
      return /** @type {() => Response} */ (answers[resumed.length - 1])();
    }
  );
  /** @type {AnswerEvent[]} */
  const events = [];
  const way = { signal: new AbortController().signal, ask, pause: async () => undefined, ...how };
  for await (const some of answerEvents('quire/0001', QUESTION, way)) events.push(...some);
  return { events, resumed };
}

/** @param {AnswerEvent[]} events */
const textOf = (events) =>
  events
    .filter(({ name }) => name === 'text')
    .map(({ data }) => data.text)
    .join('');

test('events arrive whole wherever packets cut them, inside a character too', async () => {
  const bytes = new TextEncoder().encode(event(1, 'text', { text: '证明 ✓' }) + event(2, 'done', {}));
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const { events } = await asked([() => streamed([bytes.slice(0, cut), bytes.slice(cut)])]);
    assert.equal(textOf(events), '证明 ✓');
    assert.equal(events.at(-1)?.name, 'done');
  }
});

test('a stream that breaks goes on after the last event', async (context) => {
  context.mock.method(console, 'warn', () => undefined);
  const { events, resumed } = await asked([
    () => streamed([event(1, 'text', { text: 'One ' }), ': still here\n\n', null]),
    () => Promise.reject(new TypeError('no network')),
    () => new Response('', { status: 502 }),
    () => streamed([event(2, 'text', { text: 'two.' })]), // ended without its last event: a server that stops
    () => streamed([event(3, 'done', {})]),
  ]);
  assert.equal(textOf(events), 'One two.');
  assert.deepEqual(resumed, [null, 'a-1', 'a-1', 'a-1', 'a-2']);
});

test('a connection that is silent counts as broken', async (context) => {
  context.mock.method(console, 'warn', () => undefined);
  const { events, resumed } = await asked(
    [() => streamed([event(1, 'text', { text: 'One ' }), 'open']), () => streamed([event(2, 'done', {})])],
    { silence: 50 },
  );
  assert.equal(events.at(-1)?.name, 'done');
  assert.deepEqual(resumed, [null, 'a-1']);
});

test('a refusal is a failure with its problem, and is not repeated', async () => {
  const problem = { type: '/problems/rate-limited', status: 429, detail: 'used up' };
  const { events, resumed } = await asked([() => Response.json(problem, { status: 429 })]);
  assert.deepEqual(events, [{ name: 'failed', data: problem }]);
  assert.equal(resumed.length, 1);
  const { events: page } = await asked([() => new Response('<h1>', { status: 413 })]);
  assert.deepEqual(page, [{ name: 'failed', data: { status: 413, detail: '' } }]);
});

test('a server that stays away is given up', async (context) => {
  context.mock.method(console, 'warn', () => undefined);
  const away = () => Promise.reject(new TypeError('no network'));
  const { events } = await asked(Array.from({ length: 20 }, () => away));
  assert.equal(events.at(-1)?.data.type, 'lost');
  assert.ok(events.length < 10);
});

test('ids with a slash are addresses of one paper', () => {
  assert.match(String(addressOf('math.GT/0309136', 'ask')), /\/api\/v1\/papers\/math\.GT\/0309136\/ask$/);
});
