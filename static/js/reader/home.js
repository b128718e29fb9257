/** The first page: the reader's own categories with today's counts, and what is new since the last visit. */

import { BASE } from '../page/base.js';
import './shortcuts.js';
import './fetching.js';
import '../page/offline.js';
import { kept, keep } from '../page/local-settings.js';
import { expressionOf, ownCategories, turned } from './own-categories.js';
import { say, word } from '../page/announcements.js';
import { shelf } from '../shelf/shelf.js';
import { dayAfter, sayMoment, shortDay, visited } from './visits.js';

const LANGUAGE = document.documentElement.dataset.interface ?? 'en';

/** @param {string} id @returns {HTMLElement} */
const part = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const latest = part('new').dataset.latest ?? '';
let own = ownCategories(kept('categories'));

/** @param {string} call @returns {Promise<any>} */
async function ask(call) {
  const response = await fetch(new URL(`api/v1/${call}`, BASE));
  if (!response.ok) throw new Error(`${call}: ${response.status}`);
  return response.json();
}

/** What a category is called in the language of the page. @param {string} code */
const nameOf = (code) => part('taxonomy').querySelector(`[data-code="${code}"] .quiet`)?.textContent ?? '';

/**
 * The first paper of a list, and how many it holds.
 * @param {Record<string, string>} parameters @returns {Promise<{items: {announced: string}[], total: number}>}
 */
const first = (parameters) => ask(`papers?${new URLSearchParams({ ...parameters, limit: '1' })}`);

/** The newest day of a list, as the server shows it for one category. @param {string} categories @param {Element} counted */
async function showNewest(categories, counted) {
  const [paper] = (await first({ categories })).items;
  if (!paper) return counted.append('0');
  const { total } = await first({ categories, date: paper.announced });
  if (paper.announced !== latest)
    counted.append(element('span', shortDay(paper.announced, latest, LANGUAGE), 'quiet'), ' ');
  counted.append(total.toLocaleString('en'));
}

/** @param {string} kind @param {string} text */
function element(kind, text, className = '') {
  const made = document.createElement(kind);
  made.textContent = text;
  made.className = className;
  return made;
}

/** @param {string} expression @param {string} name */
function row(expression, name) {
  const item = document.createElement('li');
  const link = /** @type {HTMLAnchorElement} */ (element('a', expression, 'notranslate'));
  link.translate = false;
  link.href = new URL(`arxiv/${expression}`, BASE).href;
  const shown = document.querySelector(`#present [data-code="${expression}"] .count`);
  const counted = /** @type {Element} */ (shown?.cloneNode(true) ?? element('span', '', 'count'));
  item.append(link, ' ', element('span', name, 'quiet'), ' ', counted);
  if (!shown && latest) showNewest(expression, counted).catch((error) => console.warn(error)); // it stays empty
  return item;
}

function showOwn() {
  const expression = expressionOf(own);
  const rows = own
    .filter(({ standing }) => standing === 'in')
    .sort((one, other) => one.code.localeCompare(other.code))
    .map(({ code }) => row(code, nameOf(code)));
  if (expression && own.length > 1) rows.push(row(expression, word('allOfThese')));
  part('own').replaceChildren(...rows);
  part('own').hidden = rows.length === 0;
  part('present').hidden = rows.length > 0;
}

/** A category's button, with its standing told and turned. @param {HTMLButtonElement} button */
function choice(button) {
  const code = button.dataset.code ?? '';
  const standing = /** @type {Element} */ (button.querySelector('.standing'));
  const show = () => {
    const now = own.find((other) => other.code === code)?.standing;
    button.dataset.standing = now ?? '';
    standing.textContent = now ? word(now === 'in' ? 'inList' : 'outOfList') : '';
  };
  button.addEventListener('click', () => {
    own = turned(own, code);
    show();
    showOwn();
    try {
      keep('categories', own.length > 0 ? own : null);
    } catch (error) {
      console.warn(error);
      say(word('keepsNothing'));
    }
  });
  show();
}

function edit() {
  part('choosing').hidden = !part('choosing').hidden;
  part('edit').setAttribute('aria-expanded', String(!part('choosing').hidden));
  if (!part('choosing').hidden) part('edit').scrollIntoView({ block: 'start' });
}

async function showNew() {
  if (!latest) return;
  const now = Date.now();
  const visits = visited(kept('visits'), now, latest);
  keep('visits', visits);
  if (!visits.last) return;
  const time = sayMoment(visits.last.time, now, LANGUAGE);
  const since = dayAfter(visits.last.day);
  const categories = expressionOf(own) || (part('new').dataset.everything ?? '');
  const { total } = await first({ categories, since });
  if (total === 0) return part('new').replaceChildren(word('nothingNew', { time }));
  const link = /** @type {HTMLAnchorElement} */ (element('a', word('newSince', { time, count: total })));
  link.href = new URL(`arxiv/${categories}?since=${since}`, BASE).href;
  part('new').replaceChildren(link);
}

for (const button of part('taxonomy').querySelectorAll('button')) choice(button);
part('edit').addEventListener('click', edit);
showOwn();
showNew().catch((error) => console.warn(error)); // without it the page is what it was
shelf.ready().then(
  () => {
    const starred = shelf.all().filter((record) => record.starred).length;
    if (starred > 0) part('starred-count').textContent = ` · ${starred}`;
  },
  () => undefined, // no count where nothing is kept
);
