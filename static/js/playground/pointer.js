/** Which piece is looked at: by pointing at it, or by the arrow keys. Shows what is known of it. */

import { filled } from '../page/announcements.js';
import { TEMPLATE } from './prompt.js';
import { hex } from './text.js';

/** @typedef {import('./flow.js').Flow} Flow */

export class Pointer {
  /** @type {HTMLElement | null} */
  #selected = null;

  /**
   * @param {Flow} flow
   * @param {HTMLElement} table holds an element with `data-known` for each detail
   */
  constructor(flow, table) {
    this.flow = flow;
    this.table = table;
    flow.pane.addEventListener('pointerover', ({ target }) => {
      if (target instanceof HTMLElement && target.matches('.piece')) this.#describe(target);
    });
    flow.pane.addEventListener('pointerdown', ({ target }) => {
      if (target instanceof HTMLElement && target.matches('.piece')) this.#select(target);
    });
    flow.pane.addEventListener('keydown', this.#pressed);
  }

  /** Shows nothing any more: the text or the model is another. */
  forget() {
    this.#selected = null;
    this.flow.pane.removeAttribute('aria-activedescendant');
    this.table.hidden = true;
  }

  /** Shows nothing any more where the selected piece has left the page. */
  forgetWhatLeft() {
    if (this.#selected && !this.#selected.isConnected) this.forget();
  }

  /** @param {KeyboardEvent} event */
  #pressed = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const pieces = /** @type {HTMLElement[]} */ ([...this.flow.pane.querySelectorAll('.piece')]);
    const row = this.#selected?.dataset.row ?? '0';
    const own = pieces.filter((piece) => piece.dataset.row === row);
    const here = this.#selected ? own.indexOf(this.#selected) : -1;
    const moves = {
      ArrowRight: () => own[here + 1],
      ArrowLeft: () => own[Math.max(0, here - 1)],
      ArrowDown: () => lineAway(own, here, 1),
      ArrowUp: () => lineAway(own, here, -1),
      PageDown: () => this.#beside(1),
      PageUp: () => this.#beside(-1),
      Home: () => own[0],
      End: () => own[own.length - 1],
    };
    const move = moves[/** @type {keyof typeof moves} */ (event.key)];
    if (!move) return;
    const piece = move();
    if (!piece && event.key.startsWith('Page')) return; // without another model the pane scrolls
    event.preventDefault();
    if (piece) this.#select(piece);
  };

  /** Where the selected piece begins, the piece of the next model or of the one before. @param {1 | -1} direction */
  #beside(direction) {
    const found = this.#selected && this.flow.known(this.#selected);
    const row = (found?.row ?? 0) + direction;
    const spans = found?.shown.rows?.[row]?.byte_spans;
    if (!found?.shown.rows || !spans) return null;
    const [start] = found.shown.rows[found.row].byte_spans[found.place];
    const place = Math.max(
      0,
      spans.findLastIndex((span) => span[0] <= start),
    );
    return /** @type {HTMLElement | null} */ (
      found.shown.element.querySelector(`[data-row="${row}"][data-place="${place}"]`)
    );
  }

  /** @param {HTMLElement} piece */
  #select(piece) {
    this.#selected?.removeAttribute('aria-selected');
    this.#selected?.removeAttribute('id');
    this.#selected = piece;
    piece.setAttribute('aria-selected', 'true');
    piece.id = 'selected-piece';
    this.flow.pane.setAttribute('aria-activedescendant', piece.id);
    piece.scrollIntoView({ block: 'nearest' });
    this.#describe(piece);
  }

  /** @param {HTMLElement} piece */
  #describe(piece) {
    const found = this.flow.known(piece);
    const pieces = found?.shown.rows?.[found.row];
    if (!found || !pieces) return;
    const [start, end] = pieces.byte_spans[found.place];
    const before = found.shown.passage.character;
    const from = before + begun(pieces.bytes, start);
    const to = before + begun(pieces.bytes, end);
    const owner = pieces.owners?.[found.place];
    const { template = '', message = '' } = this.table.dataset;
    this.#write({
      by: owner === undefined ? '' : owner === TEMPLATE ? template : filled(message, { number: owner + 1 }),
      model: this.flow.models[found.row],
      id: String(pieces.ids[found.place]),
      bytes: hex(pieces.bytes.subarray(start, end)),
      score: pieces.scores?.[found.place]?.toFixed(3) ?? '–',
      span: `${from.toLocaleString()} – ${to.toLocaleString()}`,
    });
  }

  /** @param {Record<string, string>} known */
  #write(known) {
    this.table.hidden = false;
    for (const [name, value] of Object.entries(known)) {
      const place = this.table.querySelector(`[data-known="${name}"]`);
      if (place) place.textContent = value;
    }
  }
}

/** How many characters have begun before a place. @param {Uint8Array} bytes @param {number} place */
function begun(bytes, place) {
  let count = 0;
  for (let i = 0; i < place; i++) if ((bytes[i] & 0xc0) !== 0x80) count++;
  return count;
}

/**
 * The piece a line above or below, at about the same place in it.
 *
 * @param {HTMLElement[]} pieces
 * @param {number} here
 * @param {1 | -1} direction
 */
function lineAway(pieces, here, direction) {
  if (here < 0) return pieces[0];
  const origin = pieces[here].getClientRects()[0];
  let best = pieces[here];
  let line = 0;
  let nearest = Infinity;
  for (let i = here + direction; i >= 0 && i < pieces.length; i += direction) {
    const box = pieces[i].getClientRects()[0];
    if (!box || (box.top - origin.top) * direction < origin.height / 2) continue;
    if (!line) line = box.top;
    if (Math.abs(box.top - line) > origin.height / 2) break;
    if (Math.abs(box.left - origin.left) < nearest)
      [best, nearest] = [pieces[i], Math.abs(box.left - origin.left)];
  }
  return best;
}
