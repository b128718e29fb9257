/**
 * One question and its answer on the page: kept by the server, or coming in. Screen readers hear where it stands, not
 * each word of it.
 */

import '../../../math-text/math-text.js';
import { announce, say, word } from '../../page/announcements.js';
import { messageOf } from '../../page/problems.js';
import { answerEvents, stopAnswer } from './answer-stream.js';
import { markAnswer, outcome } from './quote-marks.js';
import { counts, withOwnWords } from './quotes.js';

/** @typedef {import('./quotes.js').Quote} Quote */
/** @typedef {import('./answer-stream.js').Turn} Turn */
/** @typedef {import('./answer-stream.js').AnswerEvent} AnswerEvent */
/** @typedef {import('../../../math-text/math-text.js').MathText} MathText */
/**
 * What is asked: one of the questions by its name, or one's own; `prompt` is what the model gets, `title` what people see,
 * `file` one of the reader's own that is asked in the place of the paper's text.
 * @typedef {{ paper: string, name: string, title: string, prompt: string, language: string, after: Turn[], again: boolean, file: string }} Asked
 */
/**
 * What is known of an exchange beyond what its elements show: `answer` is as the model wrote it.
 * @typedef {{ answer: string, quotes: Quote[], asked: Asked | null, stop: (() => void) | null }} Known
 */

/** @type {WeakMap<Element, Known>} */
const known = new WeakMap();

/** @param {Element} section @param {string} selector @returns {HTMLElement} */
const part = (section, selector) => /** @type {HTMLElement} */ (section.querySelector(selector));

/** @param {Element} section */
const answerOf = (section) => /** @type {MathText} */ (part(section, '.answer'));

/** Takes note of an exchange that the server sent, its quotes from their list. @param {HTMLElement} section @returns {Known} */
export function adopt(section) {
  const before = known.get(section);
  if (before) return before;
  const answer = answerOf(section);
  const quotes = [...section.querySelectorAll('.quotes > li')].map(quoteIn);
  const own = { answer: answer.source, quotes, asked: null, stop: null };
  known.set(section, own);
  showWhole(section, own);
  return own;
}

/** @param {Element} item of the list of quotes @returns {Quote} */
function quoteIn(item) {
  const { status, anchor } = /** @type {HTMLElement} */ (item).dataset;
  const quote = item.querySelector('q')?.textContent ?? '';
  const passage = item.querySelector('blockquote')?.textContent ?? null;
  const words = item.querySelector('cite')?.textContent ?? (passage === null ? null : quote);
  return { quote, status: /** @type {Quote['status']} */ (status), anchor: anchor || null, passage, words };
}

/** The exchange as a text that can be kept elsewhere. @param {HTMLElement} section */
export function written(section) {
  const { answer, quotes } = adopt(section);
  return {
    title: titleOf(section),
    answer,
    quotes,
    facts: part(section, '.exchange-facts span').textContent ?? '',
  };
}

/** @param {Element} section */
export const titleOf = (section) => /** @type {MathText} */ (part(section, '.question')).source;

/**
 * The exchange as a turn of a conversation.
 * @param {HTMLElement} section @param {string} [prompt] that of the question, where it was asked before this page @returns {Turn}
 */
export const turn = (section, prompt) => {
  const { answer, asked } = adopt(section);
  return { question: asked?.prompt ?? prompt ?? titleOf(section), answer };
};

/** Stops an answer that is coming in. @param {Element} section */
export const stop = (section) => known.get(section)?.stop?.();

/** An exchange that nothing is known of yet, from its template. @param {Asked} asked @returns {HTMLElement} */
export function newExchange(asked) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById('exchange'));
  const section = /** @type {HTMLElement} */ (
    /** @type {Element} */ (template.content.firstElementChild).cloneNode(true)
  );
  const question = /** @type {MathText} */ (part(section, '.question'));
  question.lang = answerOf(section).lang = asked.language;
  question.source = asked.title;
  Object.assign(section.dataset, { paper: asked.paper, name: asked.name, language: asked.language });
  if (asked.file) section.dataset.file = asked.file;
  known.set(section, { answer: '', quotes: [], asked, stop: null });
  return section;
}

/** Asks, and shows the answer as it comes; true once it is whole. @param {HTMLElement} section a new exchange on the page */
export async function run(section) {
  const own = /** @type {Known & { asked: Asked }} */ (known.get(section));
  const { paper, name, prompt, language, after, again, file } = own.asked;
  const controller = new AbortController();
  const coming = new Coming(section, own);
  own.stop = () => {
    coming.stopped();
    // Before its first event an answer has no name to stop it by: it is stopped as soon as it has one.
    if (coming.asking) void stopAnswer(coming.asking).finally(() => controller.abort());
  };
  section.setAttribute('aria-busy', 'true');
  coming.say(word('askReading'));
  const question = {
    ...(name ? { name } : { question: prompt }),
    ...(file ? { file } : {}),
    ...{ language, after, again },
  };
  for await (const events of answerEvents(paper, question, { signal: controller.signal })) {
    if (coming.isStopped && coming.asking === '') coming.asking = events[0].data.asking ?? '';
    if (coming.isStopped) own.stop();
    else coming.show(events);
  }
  section.removeAttribute('aria-busy');
  own.stop = null;
  return coming.isWhole;
}

/** Shows the events of one answer. */
class Coming {
  asking = '';
  isStopped = false;
  isWhole = false;
  #writes = false;

  /** @param {HTMLElement} section @param {Known} own */
  constructor(section, own) {
    this.section = section;
    this.own = own;
    this.text = answerOf(section);
  }

  /** @param {AnswerEvent[]} events of one packet: what follows each other of a text is put on the page at once */
  show(events) {
    let arrived = '';
    for (const { name, data } of events) {
      if (name === 'text') arrived += data.text;
      else {
        arrived = this.#write(arrived);
        this.#take(name, data);
      }
    }
    this.#write(arrived);
  }

  /** @param {string} arrived */
  #write(arrived) {
    if (arrived === '') return '';
    if (!this.#writes) announce(this.say(word('askWriting', { model: this.section.dataset.model ?? '' })));
    this.#writes = true;
    this.own.answer += arrived;
    this.text.append(arrived);
    return '';
  }

  /** @param {string} name @param {any} data */
  #take(name, data) {
    if (name === 'waiting') {
      this.asking = data.asking;
      announce(this.say(word('askWaiting', { place: data.place })));
    } else if (name === 'started') this.#start(data);
    else if (name === 'reasoning') this.#reason(data.text);
    else if (name === 'quote') {
      this.own.quotes.push(data);
      markAnswer(this.text, this.own.quotes);
    } else if (name === 'broken') this.say(word('askBroken'));
    else if (name === 'done') this.#end(data);
    else if (name === 'failed') this.#fail(data);
  }

  /** @param {any} data */
  #start({ asking, source, version, model, tokens, left_out }) {
    // A server that was started again knows nothing of what came before: all comes once more.
    this.asking = asking;
    this.#writes = false;
    this.own.answer = this.text.source = '';
    this.own.quotes.length = 0;
    part(this.section, '.reasoning p').textContent = '';
    Object.assign(this.section.dataset, { source, version: version ?? '', model, tokens });
    this.#showFacts([word('factSent', { count: tokens })]);
    showLeftOut(part(this.section, '.left-out'), left_out ?? []);
    this.say(word('askThinking', { model }));
  }

  /** @param {string} more */
  #reason(more) {
    const details = part(this.section, '.reasoning');
    details.hidden = false;
    part(details, 'p').append(more);
  }

  /** @param {any} data */
  #end({ answer, usage, left_out }) {
    this.isWhole = true;
    if (answer !== this.own.answer) {
      this.own.answer = answer;
      this.text.source = answer;
    }
    const { dataset } = this.section;
    if (usage) dataset.tokens = String(usage.prompt_tokens + usage.completion_tokens);
    this.#showFacts([
      usage
        ? word('factTokens', { read: usage.prompt_tokens, written: usage.completion_tokens })
        : word('factKept'),
    ]);
    if (left_out) showLeftOut(part(this.section, '.left-out'), left_out);
    part(this.section, '.progress').hidden = true;
    part(this.section, '.actions').hidden = false;
    showWhole(this.section, this.own);
    announce(word('askDone', { title: titleOf(this.section), quotes: quotesTold(this.own.quotes) }));
  }

  /** @param {import('../../page/problems.js').Problem & { type?: string }} problem */
  #fail(problem) {
    const { type = '' } = problem;
    const detail = messageOf(problem);
    const half = this.own.answer !== '' ? ` ${word('askHalf')}` : '';
    const said = type === 'lost' ? word('askLost') : word('askFailed');
    this.say(said + half, type === 'lost' ? '' : detail);
    part(this.section, '.progress').classList.add('failed');
    this.#over();
    announce(`${said}${half} ${detail}`);
  }

  stopped() {
    if (this.isStopped) return;
    this.isStopped = true;
    announce(this.say(word('askStopped')));
    this.#over();
  }

  /** Nothing more comes, and what came is not whole: it can only be asked again. */
  #over() {
    part(this.section, '[data-do="stop"]').hidden = true;
    const actions = part(this.section, '.actions');
    actions.hidden = false;
    for (const button of actions.querySelectorAll('button')) button.hidden = button.dataset.do !== 'again';
  }

  /** @param {string} text */
  say(text, detail = '') {
    part(this.section, '.progress .status').textContent = text;
    part(this.section, '.progress .detail').textContent = detail;
    return text;
  }

  /** @param {string[]} more */
  #showFacts(more) {
    const { model, version, source } = this.section.dataset;
    const { paper = '', file = '' } = this.own.asked ?? {};
    const read = source ? sourceName(file ? '' : paper, source) : '';
    part(this.section, '.exchange-facts span').textContent = [
      ...[model, file ? word('factFile') : version && `v${version}`, read],
      ...more,
    ]
      .filter(Boolean)
      .join(' · ');
  }
}

/** A whole answer: the paper's own words in the place of altered ones, and how its quotes came out. @param {HTMLElement} section @param {Known} own */
function showWhole(section, { answer, quotes }) {
  const text = answerOf(section);
  if (quotes.some(({ status }) => status === 'repaired')) text.source = withOwnWords(answer, quotes);
  const line = part(section, '.outcomes');
  line.hidden = quotes.length === 0;
  line.textContent = quotesTold(quotes);
  markAnswer(text, quotes);
}

/** @param {readonly Quote[]} quotes */
const quotesTold = (quotes) =>
  quotes.length === 0
    ? ''
    : word('quotesCount', {
        list: counts(quotes)
          .map(({ status, count }) => `${outcome(/** @type {Quote} */ ({ status }))} ${count}`)
          .join(word('listComma')),
      });

/** What of a paper was read, in words. @param {string} paper @param {string} source */
export const sourceName = (paper, source) =>
  word(paper.startsWith('quire/') ? 'sourceNote' : `source${source[0].toUpperCase()}${source.slice(1)}`);

/** What of the paper found no room before the model. @param {HTMLElement} line @param {string[]} sections */
export function showLeftOut(line, sections) {
  line.hidden = sections.length === 0;
  line.textContent = sections.length > 0 ? word('leftOut', { sections: sections.join(' · ') }) : '';
}

/** @param {unknown} error */
export function sayBroken(error) {
  console.warn(error);
  say(word('notFetched'));
}

document.addEventListener('math-text:ready', ({ target }) => {
  if (!(target instanceof HTMLElement) || !target.matches('.exchange > .answer')) return;
  const section = /** @type {HTMLElement} */ (target.parentElement);
  markAnswer(/** @type {MathText} */ (target), adopt(section).quotes);
});
