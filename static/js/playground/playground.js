/**
 * The playground: reads the form, has the text or the chat shown, draws the lattice, and keeps the address right.
 *
 * Without it the form is sent and the server shows a text's pieces.
 */

import { keepAddress } from './address.js';
import { Flow } from './flow.js';
import { Ids } from './ids.js';
import { drawn, listed } from './lattice.js';
import { Messages } from './messages.js';
import { Models } from './models.js';
import { Pointer } from './pointer.js';
import { Server, dropped } from './server.js';
import { ShownChat } from './shown-chat.js';
import { ShownText } from './shown-text.js';
import { WHOLE, bytesOf, lineAt, whole } from './text.js';

/** @typedef {import('./shown-text.js').Text & import('./shown-chat.js').Chat & {chat: boolean}} State */

const LONGEST_LINE = 120; // bytes of a line that a lattice is drawn of

const form = /** @type {HTMLFormElement} */ (document.getElementById('playground'));
/** @template {HTMLElement} T @param {string} id @returns {T} */
const element = (id) => /** @type {T} */ (document.getElementById(id));
/** @param {string} name */
const field = (name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
/** @param {string} name a text of the interface */
const word = (name) => form.dataset[name] ?? '';

const server = new Server(word('api'));
const flow = new Flow(element('pieces'), (shown) => shownText.want(shown));
const pointer = new Pointer(flow, element('known'));
const ids = new Ids(element('ids'), { copy: word('copy'), copied: word('copied') });
const models = new Models(element('models'), element('add-model'), () => void update());
const messages = new Messages(element('messages'), element('message'), () => void update());
const shownText = new ShownText(server, flow, {
  drawn: () => pointer.forgetWhatLeft(),
  ids: (rows) => ids.show(rows),
  figures: (figures) => models.show(figures),
  failed: (error) => complain(failed(error)),
});
const shownChat = new ShownChat(server, flow, models, messages, element('cannot-chat'), element('rest'), {
  cannot: word('cannotChat'),
  others: word('canChat'),
  none: word('noneCanChat'),
  count: word('count'),
  rest: word('rest'),
});
/** @type {State} */
let state = read();
let drawnLine = '';
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @returns {State} */
function read() {
  const text = whole(field('text').value);
  return {
    chat: element('chat-mode').matches(':checked'),
    text,
    models: models.names,
    sample: field('sample').checked && text.length <= WHOLE,
    alpha: Number(field('alpha').value),
    seed: Number(field('seed').value) || 0,
    messages: messages.all.map(({ role, content }) => ({ role: whole(role), content: whole(content) })),
    generation: field('generation').checked,
  };
}

/** The form has changed: forget what was asked for and show what is asked for now. */
async function update() {
  state = read();
  const { chat, sample } = state;
  const several = state.models.length > 1;
  server.dropAll();
  pointer.forget();
  arrange(chat, several);
  keepAddress(form, state);
  complain(!chat && field('sample').checked && !sample ? word('tooLongToDraw') : '');
  if (chat) {
    shownText.leave();
    await showChat(state);
  } else {
    shownChat.leave();
    void shownText.show(state);
    void showLattice();
  }
}

/** @param {boolean} chat @param {boolean} several */
function arrange(chat, several) {
  for (const id of ['text-input', 'sampling']) element(id).hidden = chat;
  for (const id of ['chat-input', 'written-by']) element(id).hidden = !chat;
  if (chat) element('lattice').hidden = true;
  element('halves').classList.toggle('several', several);
  element('differs').hidden = chat || !several;
}

/** @param {State} asked */
async function showChat(asked) {
  const prompts = await shownChat.show(asked);
  if (!prompts || asked !== state) return;
  const made = prompts.map(({ model, answer }) => ({ model, ids: answer?.ids ?? [] }));
  ids.show(made.filter((row) => row.ids.length));
  models.show(
    prompts.map(
      ({ answer, context }) =>
        answer && { count: answer.count, bytes: bytesOf(answer.prompt).length, context },
    ),
  );
  const refused = prompts.filter(({ reason }) => reason);
  complain(refused.map(({ model, reason }) => `${model}: ${reason}`).join('\n'));
  pointer.forgetWhatLeft();
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
  if (!details.open || asked.chat) return;
  try {
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
  return (word('failed') || '{reason}').replace(
    '{reason}',
    error instanceof Error ? error.message : String(error),
  );
}

/** The chat that the address names, else a short one. */
function restoreChat() {
  const query = new URLSearchParams(location.search);
  const contents = query.getAll('content');
  const named = query.getAll('role').map((role, place) => ({ role, content: contents[place] ?? '' }));
  const sample = [
    { role: 'system', content: word('sampleSystem') },
    { role: 'user', content: word('sampleUser') },
  ];
  messages.set(named.length ? named : sample);
  if (query.get('mode') !== 'chat') return;
  element('chat-mode').click();
  field('generation').checked = !named.length || query.has('generation');
}

function start() {
  element('cut').hidden = true;
  for (const id of ['link', 'again', 'lattice', 'modes']) element(id).hidden = false;
  restoreChat();
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
  element('add-message').addEventListener('click', () => messages.add());
  document.addEventListener('selectionchange', followCursor);
  element('lattice').addEventListener('toggle', () => void showLattice());
  flow.spaces = field('spaces').checked;
  void update();
}

start();
