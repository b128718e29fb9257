/**
 * Shows passages as flowing pieces, only those near the viewport as elements: the rest keeps its room and is empty.
 *
 * It fetches nothing: what it lacks it asks its delegate for.
 */

import { TEMPLATE } from './prompt.js';
import { differing, shown } from './text.js';

const NEAR = '800px';
const SLICE = 400; // pieces that come and go together
const COLUMN = 256; // pixels that a model's pieces have beside others', about: .columns

/**
 * @typedef {import('./text.js').Passage} Passage
 * @typedef {import('./text.js').Pieces} Pieces
 *
 * @typedef {object} Shown a passage on the page
 * @property {Passage} passage
 * @property {number} number its place among the passages
 * @property {HTMLElement} element
 * @property {Pieces[] | null} rows what each model makes of it, null until it is known
 * @property {(Uint8Array | null)[]} differs which pieces of each model the first one does not have
 *
 * @typedef {object} Slice a part of a passage: pieces of the first model, and of the others what lies there
 * @property {Shown} shown
 * @property {HTMLElement} element
 * @property {number[][]} ranges from and to among the pieces of each model
 * @property {boolean} near
 */

export class Flow {
  /** @type {Shown[]} */
  #all = [];
  /** @type {WeakMap<Element, Slice>} */
  #slices = new WeakMap();
  #key = '';
  #observer;
  /** What the server showed, which stays until there is something to show in its place. */
  #first;

  /**
   * @param {HTMLElement} pane
   * @param {(wanted: Shown) => void} want called for a passage that has come near and is not known
   */
  constructor(pane, want) {
    this.pane = pane;
    this.want = want;
    this.spaces = false;
    /** @type {string[]} what the models are called */
    this.models = [];
    this.#first = [...pane.children];
    this.#observer = new IntersectionObserver(this.#moved, { root: pane, rootMargin: NEAR });
  }

  /**
   * Show these passages. Those that were there under the same key stay as they are; others keep the sight of what was
   * in their place until they are known.
   *
   * @param {Passage[]} passages
   * @param {string} key all that the pieces depend on beside the text
   * @returns {Shown[]} all of them, in order
   */
  show(passages, key) {
    if (!passages.length) this.#leaveFirst();
    const old = this.#all;
    const same = (/** @type {Shown | undefined} */ before, /** @type {Passage} */ now) =>
      key === this.#key && before?.passage.text === now.text;
    let head = 0;
    while (head < passages.length && same(old[head], passages[head])) head++;
    let tail = 0;
    const most = Math.min(passages.length, old.length) - head;
    while (tail < most && same(old[old.length - 1 - tail], passages[passages.length - 1 - tail])) tail++;
    const changed = old.slice(head, old.length - tail);
    const made = passages
      .slice(head, passages.length - tail)
      .map((passage, i) => this.#make(passage, changed[i]?.element));
    for (const left of changed.slice(made.length)) this.#remove(left.element);
    const after = tail ? old[old.length - tail].element : null;
    for (const { element } of made) if (!element.parentNode) this.pane.insertBefore(element, after);
    this.#all = [...old.slice(0, head), ...made, ...(tail ? old.slice(-tail) : [])];
    this.#all.forEach((each, i) => {
      each.number = i;
      each.passage = passages[i];
    });
    this.#key = key;
    return this.#all;
  }

  /** Whether any of a passage is near the viewport. @param {Shown} shown */
  near(shown) {
    return [...shown.element.children].some((child) => this.#slices.get(child)?.near);
  }

  /** What a passage's pieces are is now known. @param {Shown} shown @param {Pieces[]} rows */
  fill(shown, rows) {
    this.#leaveFirst();
    shown.rows = rows;
    const { apart = false } = shown.passage;
    shown.differs = rows.map((pieces, row) => (row && !apart ? differing(pieces, rows[0]) : null));
    const near = this.near(shown);
    for (const child of shown.element.children) this.#observer.unobserve(child);
    const ranges = rangesOf(rows, apart);
    shown.element.replaceChildren(...ranges.map((each, i) => this.#slice(shown, each, near && i === 0)));
  }

  #leaveFirst() {
    for (const element of this.#first.splice(0)) element.remove();
  }

  /** Draw again what is drawn, since `spaces` has changed. */
  redraw() {
    for (const { element } of this.#all) {
      for (const child of element.children) {
        const slice = this.#slices.get(child);
        if (slice?.near && slice.shown.rows) this.#draw(slice);
      }
    }
  }

  /** @param {Element} piece @returns {{shown: Shown, row: number, place: number} | null} */
  known(piece) {
    const slice = piece.closest('.slice');
    const shown = slice && this.#slices.get(slice)?.shown;
    if (!(piece instanceof HTMLElement) || !shown?.rows) return null;
    return { shown, row: Number(piece.dataset.row), place: Number(piece.dataset.place) };
  }

  /** @param {Passage} passage @param {HTMLElement | undefined} element one whose sight it keeps for now */
  #make(passage, element) {
    const made = {
      passage,
      number: 0,
      element: element ?? document.createElement('div'),
      rows: null,
      differs: [],
    };
    made.element.className = 'passage';
    if (!element) made.element.append(this.#slice(made, [], false));
    for (const child of element?.children ?? []) {
      const slice = this.#slices.get(child);
      if (slice) slice.shown = made;
      if (slice?.near) this.want(made);
    }
    return made;
  }

  /** @param {HTMLElement} element */
  #remove(element) {
    for (const child of element.children) this.#observer.unobserve(child);
    element.remove();
  }

  /** @param {Shown} shown @param {number[][]} ranges @param {boolean} near */
  #slice(shown, ranges, near) {
    const element = document.createElement('div');
    element.className = 'slice columns';
    const slice = { shown, element, ranges, near };
    this.#slices.set(element, slice);
    if (near) this.#draw(slice);
    else element.style.minHeight = `${this.#estimate(shown.passage, ranges[0], shown.rows?.[0])}px`;
    this.#observer.observe(element);
    return element;
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #moved = (entries) => {
    for (const { target, isIntersecting } of entries) {
      const slice = this.#slices.get(target);
      if (!slice || !target.isConnected) continue;
      if (isIntersecting && !slice.near) {
        if (slice.shown.rows) this.#draw(slice);
        else this.want(slice.shown);
      } else if (!isIntersecting && slice.near) {
        slice.element.style.minHeight = `${slice.element.offsetHeight}px`;
        slice.element.replaceChildren();
      }
      slice.near = isIntersecting;
    }
  };

  /** @param {Slice} slice */
  #draw({ shown: owner, element, ranges }) {
    const rows = owner.rows ?? [];
    const flows = rows.map((pieces, row) => {
      const flow = document.createElement('div');
      flow.className = 'flow';
      flow.setAttribute('role', 'group');
      flow.ariaLabel = flow.dataset.model = this.models[row];
      const [from, to] = ranges[row];
      for (let place = from; place < to; place++) {
        const [start, end] = pieces.byte_spans[place];
        // The template's white space is what one looks for, so it always shows.
        const template = pieces.owners?.[place] === TEMPLATE;
        const piece = shown(pieces.bytes.subarray(start, end), this.spaces || template);
        const span = document.createElement('span');
        span.className = 'piece';
        span.classList.toggle('raw', piece.raw);
        span.classList.toggle('differs', Boolean(owner.differs[row]?.[place]));
        span.classList.toggle('template', template);
        span.setAttribute('role', 'option');
        span.dataset.row = String(row);
        span.dataset.place = String(place);
        span.textContent = piece.shown;
        if (!piece.shown.trim()) span.ariaLabel = shown(pieces.bytes.subarray(start, end), true).shown;
        flow.append(span);
      }
      return flow;
    });
    element.replaceChildren(...flows);
    element.style.minHeight = '';
  }

  /** The height that a part of a passage will have, about. @param {Passage} passage @param {number[]} [range] @param {Pieces} [pieces] */
  #estimate(passage, range, pieces) {
    let size = passage.text.length;
    if (range && pieces) size *= (range[1] - range[0]) / Math.max(1, pieces.ids.length);
    const across = Math.min(this.models.length, Math.max(1, Math.floor(this.pane.clientWidth / COLUMN)));
    const perLine = Math.max(20, this.pane.clientWidth / across / 9);
    const lines = range ? 1 : passage.text.split('\n').length;
    return Math.ceil((lines / 2 + size / perLine) * 28 * Math.ceil(this.models.length / across));
  }
}

/**
 * @param {Pieces[]} rows
 * @param {boolean} apart whether they are of texts that have no places in common
 * @returns {number[][][]} for each slice the range of each model's pieces
 */
function rangesOf(rows, apart) {
  if (apart) {
    const most = Math.max(...rows.map(({ ids }) => ids.length));
    return Array.from({ length: Math.max(1, Math.ceil(most / SLICE)) }, (_, slice) =>
      rows.map(({ ids }) => [slice, slice + 1].map((place) => Math.min(place * SLICE, ids.length))),
    );
  }
  const slices = [];
  const before = rows.map(() => 0);
  const count = rows[0].ids.length;
  for (let from = 0; from < count || !slices.length; from += SLICE) {
    const to = Math.min(from + SLICE, count);
    const end = to === count ? Infinity : rows[0].byte_spans[to][0];
    slices.push(
      rows.map(({ byte_spans: spans }, row) => {
        const start = before[row];
        while (before[row] < spans.length && spans[before[row]][0] < end) before[row]++;
        return row ? [start, before[row]] : [from, to];
      }),
    );
  }
  return slices;
}
