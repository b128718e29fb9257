/**
 * The questions that a paper can be asked: the offered ones, one's own, their prompts in view and what they cost.
 */

import { word } from '../../page/announcements.js';
import { keep } from '../../page/local-settings.js';
import { sayBroken, showLeftOut, sourceName } from './exchange.js';
import { askedFile, serveOwnFile } from './own-file.js';
import { costOf, questionsIn } from './questions.js';
import {
  answerLanguage,
  asks,
  begin,
  exchangeOf,
  fromTemplate,
  goToExchange,
  interfaceLanguage,
  part,
  serveForm,
} from './threads.js';

/** Fills the panel beneath a paper, and serves it. @param {HTMLElement} paper @param {HTMLElement} panel */
export function serveQuestions(paper, panel) {
  const form = /** @type {HTMLFormElement} */ (part(panel, '.own-question'));
  const language = /** @type {HTMLSelectElement} */ (form.elements.namedItem('language'));
  language.value = answerLanguage();
  const renew = () => {
    showQuestions(paper, panel, language.value).catch(sayBroken);
    void showCost(paper, panel, language.value);
  };
  language.addEventListener('change', () => {
    try {
      keep('answer-language', language.value);
    } catch (error) {
      console.warn(error); // the choice holds until the page is left
    }
    renew();
  });
  serveForm(form, (question) => {
    void begin(
      paper,
      asks(paper, { title: question, prompt: question, language: language.value, file: askedFile(panel) }),
    );
  });
  serveOwnFile(panel, paper.id, renew);
  renew();
}

/** @param {HTMLElement} paper @param {HTMLElement} panel @param {string} language */
async function showQuestions(paper, panel, language) {
  const questions = await questionsIn(language);
  const items = questions.map(({ name, title, prompt }, place) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.lang = language;
    button.dataset.question = name;
    button.dataset.place = String(place + 1);
    button.setAttribute('aria-keyshortcuts', String(place + 1));
    button.textContent = title;
    button.addEventListener('click', () => {
      const there = exchangeOf(paper, name, language, askedFile(panel));
      if (there) goToExchange(there);
      else void begin(paper, asks(paper, { name, title, prompt, language, file: askedFile(panel) }));
      markKept(paper);
    });
    const item = document.createElement('li');
    item.append(button);
    return item;
  });
  part(panel, '.questions').replaceChildren(...items);
  const field = /** @type {HTMLTextAreaElement} */ (part(panel, '.own-question textarea'));
  part(panel, '.prompts dl').replaceChildren(
    ...questions.map(({ title, prompt }) => {
      const entry = fromTemplate('prompt');
      entry.lang = language;
      part(entry, 'dt').textContent = title;
      part(entry, 'p').textContent = prompt;
      part(entry, 'button').lang = interfaceLanguage;
      part(entry, 'button').addEventListener('click', () => {
        field.value = prompt;
        field.focus();
      });
      return entry;
    }),
  );
  markKept(paper);
}

/** @param {HTMLElement} paper @param {HTMLElement} panel @param {string} language */
async function showCost(paper, panel, language) {
  const line = part(panel, '.cost');
  const file = askedFile(panel);
  line.textContent = word('costCounting');
  try {
    const { tokens, context, source, version, left_out } = await costOf(paper.id, language, file);
    if (file !== askedFile(panel)) return; // another text is counted now
    const read = sourceName(file ? '' : paper.id, source) + (version ? ` (v${version})` : '');
    const about = word('cost', { tokens, context, source: read });
    const rest = document.createElement('span');
    showLeftOut(rest, left_out);
    line.replaceChildren(about, ' ', rest);
  } catch (error) {
    console.warn(error);
    line.textContent = word('costUnknown', { detail: /** @type {Error} */ (error).message });
  }
}

/** Says of each question whether its answer is there. @param {HTMLElement} paper */
export function markKept(paper) {
  const panel = /** @type {HTMLElement | null} */ (paper.querySelector(':scope > .asking'));
  const file = panel ? askedFile(panel) : '';
  for (const button of panel?.querySelectorAll('[data-question]') ?? []) {
    const { question = '' } = /** @type {HTMLElement} */ (button).dataset;
    const there = exchangeOf(paper, question, /** @type {HTMLElement} */ (button).lang, file) !== null;
    const shown = button.querySelector('.there');
    if (!there) shown?.remove();
    else if (!shown) {
      const mark = document.createElement('span');
      mark.className = 'there';
      mark.lang = interfaceLanguage;
      mark.textContent = word('askThere');
      button.append(' ', mark);
    }
  }
}
