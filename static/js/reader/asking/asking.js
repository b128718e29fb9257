/**
 * Opens the questions beneath a paper (the key a) with the answers that are kept, and closes them; what is being written
 * goes on meanwhile.
 */

import { BASE } from '../../page/base.js';
import { adopt, sayBroken } from './exchange.js';
import { markKept, serveQuestions } from './panel.js';
import { closePassage } from './passage.js';
import { answersOf, fromTemplate, interfaceLanguage, part } from './threads.js';

const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById('asking'));

/** Opens the questions beneath a paper, or closes them. @param {HTMLElement} paper */
async function toggle(paper) {
  const button = part(paper, '[data-action="ask"]');
  const open = /** @type {HTMLElement | null} */ (paper.querySelector(':scope > .asking'));
  if (open) {
    show(paper, Boolean(open.hidden));
    return;
  }
  if (!template) return;
  const panel = fromTemplate('asking');
  paper.append(panel);
  button.setAttribute('aria-expanded', 'true');
  part(panel, 'h2').focus({ preventScroll: true });
  panel.scrollIntoView({ block: 'nearest' });
  if (template.dataset.model) serveQuestions(paper, panel);
  try {
    await bringAnswers(paper, panel);
  } catch (error) {
    sayBroken(error);
  }
}

/** @param {HTMLElement} paper @param {boolean} is */
function show(paper, is) {
  const panel = part(paper, ':scope > .asking');
  const button = part(paper, '[data-action="ask"]');
  panel.hidden = !is;
  const within = /** @type {HTMLElement | null} */ (paper.querySelector(':scope > .exchanges'));
  if (within) within.hidden = !is;
  button.setAttribute('aria-expanded', String(is));
  if (is) part(panel, 'h2').focus({ preventScroll: true });
  else {
    closePassage();
    button.focus({ preventScroll: true });
  }
}

/** The answers that are kept, from the paper's own page, as the server writes them there. @param {HTMLElement} paper @param {HTMLElement} panel */
async function bringAnswers(paper, panel) {
  if (!answersOf(paper)) {
    const place = document.createElement('div');
    place.className = 'exchanges';
    paper.append(place);
    const response = await fetch(new URL(`arxiv/${paper.id}?lang=${interfaceLanguage}`, BASE), {
      headers: { accept: 'text/html' },
    });
    if (!response.ok) throw new Error(`${paper.id}: ${response.status}`);
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const threads = page.querySelectorAll('main > .exchanges > .thread');
    place.append(...[...threads].map((thread) => document.adoptNode(thread)));
  }
  const answers = /** @type {HTMLElement} */ (answersOf(paper));
  adoptAll(answers);
  part(panel, '.kept-none').hidden = template?.dataset.model !== '' || answers.childElementCount > 0;
  markKept(paper);
}

/** @param {ParentNode} around */
function adoptAll(around) {
  for (const section of around.querySelectorAll('.exchange')) adopt(/** @type {HTMLElement} */ (section));
}

document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element && target.closest('[data-action="ask"]');
  const paper = button && button.closest('article.paper');
  if (paper) void toggle(/** @type {HTMLElement} */ (paper));
});

adoptAll(document);
