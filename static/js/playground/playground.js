/**
 * The playground: reads the form, asks the server, shows pieces, figures and the lattice, and keeps the address right.
 *
 * Without it the form is sent and the server shows the same.
 */

import { keepAddress } from './address.js';
import { Flow } from './flow.js';
import { Ids } from './ids.js';
import { drawn, listed } from './lattice.js';
import { Models } from './models.js';
import { Pointer } from './pointer.js';
import { Server, dropped } from './server.js';
import { WHOLE, bytesOf, lineAt, passagesOf, prepared, whole } from './text.js';

/**
 * @typedef {import('./flow.js').Shown} Shown
 *
 * @typedef {object} State
 * @property {string} text
 * @property {string[]} models one or more, each once
 * @property {boolean} sample
 * @property {number} alpha
 * @property {number} seed
 */

const AT_ONCE = 64; // passages in a request
const LONGEST_LINE = 120; // bytes of a line that a lattice is drawn of

const form = /** @type {HTMLFormElement} */ (document.getElementById('playground'));
/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));
/** @param {string} name */
const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

const server = new Server(form.dataset.api ?? '');
/** @type {Set<Shown>} */
const wanted = new Set();
const flow = new Flow(element('pieces'), (shown) => {
  wanted.add(shown);
  void fetchWanted();
});
const ids = new Ids(element('ids'), {
  copy: form.dataset.copy ?? '',
  copied: form.dataset.copied ?? '',
});
const pointer = new Pointer(flow, element('known'));
const models = new Models(element('models'), element('add-model'), () => void update());
/** @type {State} */
let state = read();
/** @type {Shown[]} */
let passages = [];
/** Whether the tokens of the passages are those of the whole text. */
let exact = true;
let fetching = false;
let drawnLine = '';
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @returns {State} */
function read() {
  const text = whole(field('text').value);
  const sample = field('sample').checked && text.length <= WHOLE;
  return {
    text,
    models: models.names,
    sample,
    alpha: Number(field('alpha').value),
    seed: Number(field('seed').value) || 0,
  };
}

/** The form has changed: forget what was asked for, show what is known, ask for the rest. */
async function update() {
  const now = read();
  state = now;
  wanted.clear();
  server.dropAll();
  const { sample, alpha, seed } = now;
  const several = now.models.length > 1;
  pointer.forget();
  element('halves').classList.toggle('several', several);
  element('differs').hidden = !several;
  keepAddress(form, state);
  complain(field('sample').checked && !sample ? (form.dataset.tooLongToDraw ?? '') : '');
  const all = state.text.length <= WHOLE;
  try {
    // Pieces of BytePiece end with their line; those of other tokenizers may depend on all that is around them.
    const known = await Promise.all(now.models.map((model) => server.model(model)));
    if (now !== state) return;
    const byLine = known.every(({ can }) => can.includes('scores'));
    exact = byLine || all;
    const cut = byLine || !all ? passagesOf(now.text) : now.text ? [{ text: now.text, character: 0 }] : [];
    flow.models = now.models;
    passages = flow.show(cut, JSON.stringify([now.models, sample && [alpha, seed, now.text]]));
  } catch (error) {
    complain(failed(error));
    return;
  }
  for (const shown of passages) if (!shown.rows && (all || flow.near(shown))) wanted.add(shown);
  if (!state.text) flow.pane.replaceChildren();
  void fetchWanted();
  void showFigures();
  void showLattice();
}

/** Fetch what is wanted, a number of passages at a time, until nothing is or the form has changed. */
async function fetchWanted() {
  if (fetching) return;
  fetching = true;
  try {
    while (wanted.size) {
      const some = [...wanted].sort((a, b) => a.number - b.number).slice(0, AT_ONCE);
      for (const shown of some) wanted.delete(shown);
      try {
        await fetchSome(some.filter((shown) => !shown.rows));
      } catch (error) {
        if (!dropped(error)) throw error;
      }
    }
  } catch (error) {
    complain(failed(error));
  } finally {
    fetching = false;
  }
}

/** @param {Shown[]} some passages that follow each other where they are drawn at random */
async function fetchSome(some) {
  if (!some.length) return;
  const { sample, alpha, seed } = state;
  const drawing = sample ? { alpha, seed: seed + some[0].number } : {};
  const rows = await Promise.all(
    state.models.map(async (model, row) => {
      const { normalization, can } = await server.model(model);
      const texts = some.map(({ passage }) => prepared(passage.text, normalization));
      // Tokenizers of other kinds have no scores, and may normalise a text: their places are those in it as sent.
      const scored = can.includes('scores');
      const spans = scored ? 'byte_spans' : 'source_byte_spans';
      const body = { model, texts, normalize: null, add_bos: false, add_eos: false, ...drawing };
      const { items } = await server.ask(`encode ${row}`, 'encode', {
        ...body,
        return: scored ? [spans, 'scores'] : [spans],
      });
      return texts.map((text, i) => ({
        bytes: bytesOf(text),
        ids: items[i].ids,
        byte_spans: items[i][spans],
        scores: items[i].scores ?? null,
      }));
    }),
  );
  some.forEach((shown, i) => {
    if (passages.includes(shown))
      flow.fill(
        shown,
        rows.map((row) => row[i]),
      );
  });
  pointer.forgetWhatLeft();
  if (passages.every((shown) => shown.rows)) void showFigures();
}

/** Tokens and bytes of the whole text: added up where all is known, else counted by the server. */
async function showFigures() {
  const asked = state;
  const known = exact && passages.every((shown) => shown.rows);
  if (!known && state.text.length <= WHOLE) return;
  ids.show(known ? asked.models.map((model, row) => ({ model, ids: idsOf(row) })) : []);
  try {
    const figures = await Promise.all(
      asked.models.map(async (model, row) => {
        if (!known) return server.ask(`count ${row}`, 'count', { model, text: asked.text });
        const rows = passages.map((shown) => /** @type {any[]} */ (shown.rows)[row]);
        const sum = (/** @type {number[]} */ numbers) => numbers.reduce((a, b) => a + b, 0);
        return { count: sum(rows.map((r) => r.ids.length)), bytes: sum(rows.map((r) => r.bytes.length)) };
      }),
    );
    if (asked !== state) return;
    models.show(figures);
  } catch (error) {
    if (!dropped(error)) complain(failed(error));
  }
}

/** The ids of a model over all passages, which are known. @param {number} row @returns {number[]} */
function idsOf(row) {
  return passages.flatMap((shown) => /** @type {any[]} */ (shown.rows)[row].ids);
}

/** The cursor has moved, perhaps to another line; a text that has just changed is on its way already. */
function followCursor() {
  const text = field('text');
  if (document.activeElement !== text || text.value !== state.text) return;
  if (lineAt(state.text, text.selectionStart ?? 0) !== drawnLine) void showLattice();
}

/** Draw the segmentations of the line at the cursor. */
async function showLattice() {
  const asked = state;
  const details = /** @type {HTMLDetailsElement} */ (element('lattice'));
  const drawing = /** @type {HTMLElement} */ (details.querySelector('.drawing'));
  const list = /** @type {HTMLElement} */ (details.querySelector('ol'));
  server.drop('lattice');
  if (!details.open) return;
  const { can } = await server.model(asked.models[0]);
  if (asked !== state) return;
  details.hidden = !can.includes('lattice');
  if (details.hidden) return;
  const line = lineAt(asked.text, field('text').selectionStart ?? 0);
  drawnLine = line;
  const fits = line && bytesOf(line).length <= LONGEST_LINE;
  details.classList.toggle('empty', !fits);
  if (!fits) {
    drawing.textContent = details.dataset.short ?? '';
    list.replaceChildren();
    return;
  }
  try {
    const lattice = await server.ask('lattice', 'lattice', { model: asked.models[0], text: line, n: 5 });
    const label = details.querySelector('summary')?.textContent ?? '';
    drawing.replaceChildren(drawn(lattice, label));
    list.replaceChildren(...listed(lattice));
  } catch (error) {
    if (!dropped(error)) complain(failed(error));
  }
}

/** @param {string} reason nothing if all is well */
function complain(reason) {
  const place = element('failure');
  place.textContent = reason;
  place.hidden = !reason;
}

/** @param {unknown} error */
function failed(error) {
  return (form.dataset.failed ?? '{reason}').replace(
    '{reason}',
    error instanceof Error ? error.message : String(error),
  );
}

function start() {
  element('cut').hidden = true;
  for (const id of ['link', 'again', 'lattice']) element(id).hidden = false;
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('input', ({ target }) => {
    if (target === field('alpha')) element('alpha-shown').textContent = field('alpha').value;
    if (target === field('alpha') || target === field('seed')) field('sample').checked = true;
    flow.spaces = field('spaces').checked;
    if (target === field('spaces')) flow.redraw();
    clearTimeout(timer);
    timer = setTimeout(() => void update(), state.text.length > WHOLE ? 300 : 60);
  });
  element('again').addEventListener('click', () => {
    field('sample').checked = true;
    field('seed').value = String((Number(field('seed').value) + 1) % 2 ** 32);
    void update();
  });
  document.addEventListener('selectionchange', followCursor);
  element('lattice').addEventListener('toggle', () => void showLattice());
  flow.spaces = field('spaces').checked;
  void update();
}

start();
