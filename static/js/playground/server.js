/** Asks the API. Each kind of question has one answer under way at most: a new one takes the place of the old. */

import { messageOf } from '../page/problems.js';

export class Server {
  /** @type {Map<string, AbortController>} */
  #asked = new Map();
  /** @type {Map<string, Promise<any>>} */
  #models = new Map();

  /** @param {string} api the address that all calls begin with */
  constructor(api) {
    this.api = api;
  }

  /**
   * The answer to a POST; rejects with an AbortError when a newer question of this kind is asked.
   *
   * @param {string} kind
   * @param {string} call
   * @param {object} body
   */
  async ask(kind, call, body) {
    this.drop(kind);
    const controller = new AbortController();
    this.#asked.set(kind, controller);
    const busy = document.getElementById('loading');
    busy?.setAttribute('data-busy', '');
    try {
      return await answer(
        await fetch(`${this.api}/${call}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
          signal: controller.signal,
        }),
      );
    } finally {
      if (this.#asked.get(kind) === controller) this.#asked.delete(kind);
      if (!this.#asked.size) busy?.removeAttribute('data-busy');
    }
  }

  /** Nothing that is asked is wanted any longer. */
  dropAll() {
    for (const kind of [...this.#asked.keys()]) this.drop(kind);
  }

  /** @param {string} kind what is asked of this kind is no longer wanted */
  drop(kind) {
    this.#asked.get(kind)?.abort();
    this.#asked.delete(kind);
  }

  /** @param {string} name @returns {Promise<{normalization: 'NFC' | null, can: string[], lossless: boolean, context_length: number | null}>} what is known of a model; asked for once */
  model(name) {
    let known = this.#models.get(name);
    if (!known) {
      known = fetch(`${this.api}/models/${encodeURIComponent(name)}`).then(answer);
      known.catch(() => this.#models.delete(name));
      this.#models.set(name, known);
    }
    return known;
  }

  /** @param {string} ability @returns {Promise<string[]>} the names of all models that can do it */
  async models(ability) {
    /** @type {string[]} */
    const names = [];
    let cursor = '';
    do {
      const more = cursor && `&cursor=${encodeURIComponent(cursor)}`;
      const { items, next_cursor: next } = await fetch(`${this.api}/models?limit=200${more}`).then(answer);
      for (const { name, can } of items) if (can?.includes(ability)) names.push(name);
      cursor = next ?? '';
    } while (cursor);
    return names;
  }
}

/** @param {Response} response */
async function answer(response) {
  const value = await response.json();
  if (!response.ok) throw new Error(messageOf(value) || response.statusText);
  return value;
}

/** @param {unknown} error whether it only says that the question is no longer wanted */
export const dropped = (error) => error instanceof DOMException && error.name === 'AbortError';
