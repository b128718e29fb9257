/** Asks for the pieces of a text, passage by passage where it is long, and for its figures. */

import { dropped } from './server.js';
import { WHOLE, passagesOf, placed, prepared } from './text.js';

/**
 * @typedef {import('./flow.js').Shown} Shown
 * @typedef {import('./models.js').Figures} Figures
 *
 * @typedef {object} Text
 * @property {string} text
 * @property {string[]} models one or more, each once
 * @property {boolean} sample
 * @property {number} alpha
 * @property {number} seed
 *
 * @typedef {object} Callbacks what is called when
 * @property {() => void} drawn pieces have come and gone
 * @property {(ids: {model: string, ids: number[]}[]) => void} ids of each model over the whole text; none if unknown
 * @property {(figures: Figures[]) => void} figures
 * @property {(error: unknown) => void} failed
 */

const AT_ONCE = 64; // passages in a request

export class ShownText {
  /** @type {Text | null} */
  #asked = null;
  /** @type {Shown[]} */
  #passages = [];
  /** @type {Set<Shown>} */
  #wanted = new Set();
  /** Whether the tokens of the passages are those of the whole text. */
  #exact = true;
  #fetching = false;

  /**
   * @param {import('./server.js').Server} server
   * @param {import('./flow.js').Flow} flow
   * @param {Callbacks} callbacks
   */
  constructor(server, flow, callbacks) {
    this.server = server;
    this.flow = flow;
    this.callbacks = callbacks;
  }

  /** Nothing is wanted any longer. */
  leave() {
    this.#asked = null;
    this.#wanted.clear();
  }

  /** @param {Shown} shown a passage that has come near and is not known */
  want(shown) {
    if (!this.#asked) return;
    this.#wanted.add(shown);
    void this.#fetchWanted();
  }

  /** Show what is known, ask for the rest. @param {Text} asked */
  async show(asked) {
    this.#asked = asked;
    this.#wanted.clear();
    const { text, models, sample, alpha, seed } = asked;
    const all = text.length <= WHOLE;
    try {
      // Pieces of BytePiece end with their line; those of other tokenizers may depend on all that is around them.
      const known = await Promise.all(models.map((model) => this.server.model(model)));
      if (asked !== this.#asked) return;
      const byLine = known.every(({ can }) => can.includes('scores'));
      this.#exact = byLine || all;
      const cut = byLine || !all ? passagesOf(text) : text ? [{ text, character: 0 }] : [];
      this.flow.models = models;
      this.#passages = this.flow.show(cut, JSON.stringify([models, sample && [alpha, seed, text]]));
    } catch (error) {
      this.callbacks.failed(error);
      return;
    }
    for (const shown of this.#passages)
      if (!shown.rows && (all || this.flow.near(shown))) this.#wanted.add(shown);
    if (!text) this.flow.pane.replaceChildren();
    void this.#fetchWanted();
    void this.#showFigures();
  }

  /** Fetch what is wanted, a number of passages at a time, until nothing is or another text is asked for. */
  async #fetchWanted() {
    if (this.#fetching) return;
    this.#fetching = true;
    try {
      while (this.#wanted.size) {
        const some = [...this.#wanted].sort((a, b) => a.number - b.number).slice(0, AT_ONCE);
        for (const shown of some) this.#wanted.delete(shown);
        try {
          await this.#fetchSome(some.filter((shown) => !shown.rows));
        } catch (error) {
          if (!dropped(error)) throw error;
        }
      }
    } catch (error) {
      this.callbacks.failed(error);
    } finally {
      this.#fetching = false;
    }
  }

  /** @param {Shown[]} some passages that follow each other where they are drawn at random */
  async #fetchSome(some) {
    if (!some.length || !this.#asked) return;
    const { models, sample, alpha, seed } = this.#asked;
    const drawing = sample ? { alpha, seed: seed + some[0].number } : {};
    const rows = await Promise.all(
      models.map(async (model, row) => {
        const { normalization, can, lossless } = await this.server.model(model);
        const texts = some.map(({ passage }) => prepared(passage.text, normalization));
        const scored = can.includes('scores');
        const body = { model, texts, normalize: null, add_bos: false, add_eos: false, ...drawing };
        const { items } = await this.server.ask(`encode ${row}`, 'encode', {
          ...body,
          return: scored ? ['byte_spans', 'scores'] : ['byte_spans', 'source_byte_spans'],
        });
        return texts.map((text, i) => ({
          ...placed(text, items[i], lossless),
          ids: items[i].ids,
          scores: items[i].scores ?? null,
        }));
      }),
    );
    some.forEach((shown, i) => {
      if (this.#asked && this.#passages.includes(shown))
        this.flow.fill(
          shown,
          rows.map((row) => row[i]),
        );
    });
    this.callbacks.drawn();
    if (this.#passages.every((shown) => shown.rows)) void this.#showFigures();
  }

  /** Tokens and bytes of the whole text: added up where all is known, else counted by the server. */
  async #showFigures() {
    const asked = this.#asked;
    if (!asked) return;
    const { text, models } = asked;
    const known = this.#exact && this.#passages.every((shown) => shown.rows);
    if (!known && text.length <= WHOLE) return;
    const of = (/** @type {number} */ row) =>
      this.#passages.map((shown) => /** @type {import('./text.js').Pieces[]} */ (shown.rows)[row]);
    this.callbacks.ids(
      known ? models.map((model, row) => ({ model, ids: of(row).flatMap((pieces) => pieces.ids) })) : [],
    );
    try {
      const figures = await Promise.all(
        models.map(async (model, row) => {
          const { context_length: context } = await this.server.model(model);
          if (!known)
            return { ...(await this.server.ask(`count ${row}`, 'count', { model, text })), context };
          const sum = (/** @type {number[]} */ numbers) => numbers.reduce((a, b) => a + b, 0);
          return {
            count: sum(of(row).map(({ ids }) => ids.length)),
            bytes: sum(of(row).map(({ bytes }) => bytes.length)),
            context,
          };
        }),
      );
      if (asked === this.#asked) this.callbacks.figures(figures);
    } catch (error) {
      if (!dropped(error)) this.callbacks.failed(error);
    }
  }
}
