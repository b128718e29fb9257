/** Asks for the prompts of a chat, one for each model, and shows them, the counts of the messages, and refusals. */

import { filled } from '../page/announcements.js';
import { countsOf, piecesOf } from './prompt.js';
import { dropped } from './server.js';

/**
 * @typedef {import('./messages.js').Message} Message
 * @typedef {import('./prompt.js').Answer} Answer
 *
 * @typedef {object} Chat
 * @property {string[]} models
 * @property {Message[]} messages
 * @property {boolean} generation whether the prompt ends with the beginning of an answer
 *
 * @typedef {object} Prompt what a model makes of a chat
 * @property {string} model
 * @property {Answer} [answer]
 * @property {number | null} [context] most tokens that the model takes, where that is known
 * @property {string} [reason] why there is no answer; nothing where the model can't chat
 *
 * @typedef {object} Words
 * @property {string} cannot with {models}
 * @property {string} others said before the models that can chat
 * @property {string} none said where no model can
 * @property {string} count with {count}
 * @property {string} rest with {counts}
 */

export class ShownChat {
  /** @type {Chat | null} */
  #asked = null;

  /**
   * @param {import('./server.js').Server} server
   * @param {import('./flow.js').Flow} flow
   * @param {import('./models.js').Models} models
   * @param {import('./messages.js').Messages} messages
   * @param {HTMLElement} note where it says which models can't chat
   * @param {HTMLElement} rest where it says what belongs to no message
   * @param {Words} words
   */
  constructor(server, flow, models, messages, note, rest, words) {
    this.server = server;
    this.flow = flow;
    this.models = models;
    this.messages = messages;
    this.note = note;
    this.rest = rest;
    this.words = words;
  }

  /** Nothing is wanted any longer. */
  leave() {
    this.#asked = null;
    this.note.hidden = true;
  }

  /**
   * @param {Chat} chat
   * @returns {Promise<Prompt[] | null>} what each model makes of it; null where another chat is asked for by now
   */
  async show(chat) {
    this.#asked = chat;
    const prompts = await Promise.all(chat.models.map((model, row) => this.#prompt(chat, model, row)));
    if (this.#asked !== chat || prompts.some((prompt) => !prompt)) return null;
    const all = /** @type {Prompt[]} */ (prompts);
    const made = all.filter(({ answer }) => answer);
    this.flow.models = made.map(({ model }) => model);
    const text = made.map(({ answer }) => answer?.prompt).join('\n');
    const passages = made.length ? [{ text, character: 0, apart: true }] : [];
    const [shown] = this.flow.show(passages, JSON.stringify(chat));
    if (shown)
      this.flow.fill(
        shown,
        made.map(({ answer }) => piecesOf(/** @type {Answer} */ (answer))),
      );
    this.#showCounts(chat, made);
    await this.#showWhoCannot(
      chat,
      all.filter(({ answer, reason }) => !answer && !reason).map(({ model }) => model),
    );
    return all;
  }

  /** @param {Chat} chat @param {string} model @param {number} row @returns {Promise<Prompt | null>} */
  async #prompt({ messages, generation }, model, row) {
    try {
      const { can, context_length: context } = await this.server.model(model);
      if (!can.includes('chat')) return { model };
      const body = { model, messages, add_generation_prompt: generation, return: ['byte_spans', 'contents'] };
      return { model, context, answer: await this.server.ask(`chat ${row}`, 'chat', body) };
    } catch (error) {
      if (dropped(error)) return null;
      return { model, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  /** @param {Chat} chat @param {Prompt[]} made */
  #showCounts({ models, messages }, made) {
    const counts = made.map(({ answer }) => countsOf(/** @type {Answer} */ (answer), messages.length));
    const said = (/** @type {number} */ place) =>
      made
        .map(({ model }, row) => {
          const count = filled(this.words.count, { count: counts[row][place] });
          return models.length > 1 ? `${model}: ${count}` : count;
        })
        .join(' · ');
    this.messages.showCounts(messages.map((_, place) => said(place)));
    this.rest.textContent = made.length ? filled(this.words.rest, { counts: said(messages.length) }) : '';
  }

  /** Says which of the models can't chat, and offers those that can. @param {Chat} chat @param {string[]} cannot */
  async #showWhoCannot(chat, cannot) {
    const [first] = cannot;
    const able = first === undefined ? [] : await this.server.models('chat').catch(() => null);
    if (this.#asked !== chat) return;
    this.note.hidden = first === undefined;
    this.note.textContent = filled(this.words.cannot, { models: cannot.join(', ') });
    if (!able || first === undefined) return;
    this.note.append(document.createElement('br'));
    const others = able.filter((name) => !chat.models.includes(name));
    if (!able.length) this.note.append(this.words.none);
    if (others.length) this.note.append(this.words.others);
    for (const name of others) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      button.translate = false;
      button.addEventListener('click', () => this.models.replace(first, name));
      this.note.append(' ', button);
    }
  }
}
