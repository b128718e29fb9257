/**
 * Threads of questions and answers about a paper: where they stand, how one begins, and what is done with an answer:
 * asked again, followed up, kept elsewhere.
 */

import { copyText } from '../../page/clipboard.js';
import { paperSource } from '../paper-text.js';
import { announce, say, word } from '../../page/announcements.js';
import { API } from '../../page/base.js';
import { kept } from '../../page/local-settings.js';
import { download } from '../../shelf/shelf-file.js';
import { markdownOf } from './answer-markdown.js';
import { adopt, newExchange, run, sayBroken, stop, titleOf, turn, written } from './exchange.js';
import { togglePassage } from './passage.js';
import { outcome } from './quote-marks.js';
import { questionsIn } from './questions.js';

/** @typedef {import('./exchange.js').Asked} Asked */

const LANGUAGES = ['en', 'zh'];
export const interfaceLanguage = document.documentElement.dataset.interface ?? 'en';

/** @param {Element} around @param {string} selector @returns {HTMLElement} */
export const part = (around, selector) => /** @type {HTMLElement} */ (around.querySelector(selector));

/** A copy of what a template holds. @param {string} id @returns {HTMLElement} */
export const fromTemplate = (id) =>
  /** @type {HTMLElement} */ (
    /** @type {Element} */ (
      /** @type {HTMLTemplateElement} */ (document.getElementById(id)).content.firstElementChild
    ).cloneNode(true)
  );

/** The language that answers are wanted in. */
export function answerLanguage() {
  const chosen = kept('answer-language');
  return LANGUAGES.includes(chosen) ? chosen : interfaceLanguage;
}

/** Where the answers of a paper stand: beneath it on its own page, else within it. @param {Element} paper @returns {HTMLElement | null} */
export function answersOf(paper) {
  const beneath = paper.nextElementSibling;
  if (beneath?.matches('.exchanges')) return /** @type {HTMLElement} */ (beneath);
  return paper.querySelector(':scope > .exchanges');
}

/** Sends a form by its button, and by Ctrl or Cmd with Enter in its field. @param {HTMLFormElement} form @param {(question: string) => void} send */
export function serveForm(form, send) {
  const field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem('question'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const question = field.value.trim();
    if (question === '') return;
    field.value = '';
    send(question);
  });
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    if (event.key === 'Escape') field.closest('article')?.focus({ preventScroll: true });
  });
}

/** @param {HTMLElement} paper @param {Partial<Asked>} what @returns {Asked} */
export const asks = (paper, what) => ({
  ...{
    paper: paper.id,
    name: '',
    title: '',
    prompt: '',
    language: answerLanguage(),
    after: [],
    again: false,
    file: '',
  },
  ...what,
});

/**
 * The exchange about one of the questions that is on the page, if there is one.
 * @param {HTMLElement} paper @param {string} name @param {string} language @param {string} file of the reader's own
 * @returns {HTMLElement | null}
 */
export const exchangeOf = (paper, name, language, file) =>
  answersOf(paper)?.querySelector(
    `.thread > .exchange[data-name="${name}"][data-language="${language}"]${file ? `[data-file="${file}"]` : ':not([data-file])'}:not(.again)`,
  ) ?? null;

/** @param {HTMLElement} exchange */
export function goToExchange(exchange) {
  part(exchange, 'h3').focus({ preventScroll: true });
  exchange.scrollIntoView({ block: 'start' });
}

/**
 * Asks, and puts the answer above those that are there, or after what it follows.
 * @param {HTMLElement} paper @param {Asked} asked @param {{ thread?: Element, before?: Element }} [where]
 */
export async function begin(paper, asked, { thread, before } = {}) {
  const section = newExchange(asked);
  if (thread) thread.append(section);
  else {
    const own = document.createElement('div');
    own.className = 'thread';
    own.append(section);
    if (before) before.before(own);
    else answersOf(paper)?.prepend(own);
  }
  part(section, 'h3').focus({ preventScroll: true });
  section.scrollIntoView({ block: 'nearest' });
  return run(section);
}

/** @param {Element} section @returns {HTMLElement} the paper that it is about */
const paperOf = (section) =>
  /** @type {HTMLElement} */ (
    section.closest('article.paper') ?? section.closest('.exchanges')?.previousElementSibling
  );

/** Asks the same of the newest version; the answer before it stays until the new one is whole, and stays beneath it. @param {HTMLElement} section */
async function again(section) {
  const paper = paperOf(section);
  const { name = '', language = '' } = section.dataset;
  const { asked } = adopt(section);
  const title = titleOf(section);
  const whole = asked ?? asks(paper, { name, title, prompt: title, language: language || answerLanguage() });
  const thread = /** @type {HTMLElement} */ (section.closest('.thread'));
  const follows = whole.after.length > 0;
  section.classList.add('again');
  const isWhole = await begin(paper, { ...whole, again: true }, follows ? { thread } : { before: thread });
  if (!isWhole) section.classList.remove('again');
}

/** Opens the field for a question that follows an answer, or closes it. @param {HTMLElement} section */
function follow(section) {
  const open = section.querySelector('.follow-up');
  if (open) return open.remove();
  const form = /** @type {HTMLFormElement} */ (fromTemplate('follow-up'));
  const { tokens, language } = section.dataset;
  if (tokens) part(form, '.cost').textContent = word('costFollow', { tokens: Number(tokens) });
  section.append(form);
  part(form, 'textarea').focus();
  serveForm(form, async (question) => {
    form.remove();
    const paper = paperOf(section);
    const thread = /** @type {HTMLElement} */ (section.closest('.thread'));
    const before = /** @type {HTMLElement[]} */ ([...thread.querySelectorAll(':scope > .exchange')]);
    // A named question goes to the model as its prompt, as it did before: what it has read once costs little.
    const questions = await questionsIn(language || answerLanguage()).catch(() => []);
    const after = before
      .slice(0, before.indexOf(section) + 1)
      .map((one) => turn(one, questions.find(({ name }) => name === one.dataset.name)?.prompt));
    const { file = '' } = section.dataset;
    const what = { title: question, prompt: question, language: language || answerLanguage(), after, file };
    void begin(paper, asks(paper, what), { thread });
  });
}

/** The exchanges of a conversation as Markdown with the paper's citation. @param {HTMLElement} section */
async function markdown(section) {
  const paper = paperOf(section);
  const thread = section.closest('.thread');
  const isEarlier = section.closest('.earlier') !== null;
  const all = isEarlier
    ? [section]
    : [...(thread?.querySelectorAll(':scope > .exchange:not([aria-busy])') ?? [section])];
  const response = await fetch(new URL(`cite?ids=${encodeURIComponent(paper.id)}&format=markdown`, API));
  if (!response.ok) throw new Error(`cite: ${response.status}`);
  return markdownOf(
    all.map((one) => written(/** @type {HTMLElement} */ (one))),
    { heading: paperSource(paper, 'title'), citation: await response.text(), outcome },
  );
}

/** @type {Record<string, (section: HTMLElement) => unknown>} */
const ACTIONS = {
  stop: (section) => {
    stop(section);
    part(section, 'h3').focus({ preventScroll: true });
  },
  again,
  follow,
  copy: async (section) => {
    await copyText(await markdown(section));
    say(word('markdownCopied'));
  },
  save: async (section) => {
    const name = `${paperOf(section).id.replaceAll('/', '-')}-${section.dataset.name || 'answer'}.md`;
    download(await markdown(section), 'text/markdown', name);
    announce(word('markdownSaved', { name }));
  },
};

document.addEventListener('click', ({ target }) => {
  if (!(target instanceof Element)) return;
  const exchange = /** @type {HTMLElement | null} */ (target.closest('.exchange'));
  const mark = /** @type {HTMLElement | null} */ (target.closest('.quote-mark'));
  const action = /** @type {HTMLElement | null} */ (target.closest('[data-do]'));
  if (!exchange) return;
  if (mark) togglePassage(mark, exchange);
  else if (action) Promise.resolve(ACTIONS[action.dataset.do ?? '']?.(exchange)).catch(sayBroken);
});
