/**
 * Keeps what is very long in parts: a browser asks in each frame of each element that may be far whether it is, and goes
 * through all children of one that grows. A list goes on in another list, a table in another body, all else in boxes.
 * What comes first lies in the holder itself, so that all but the longest are as they always are. It makes no blocks.
 */

const FIRST = 60; // items, rows or blocks
const SIZE = 32;

/**
 * Numbers of many digits would lie outside of their text, and be cut off; a year may begin a list, and a list may grow.
 * @param {HTMLOListElement} list
 */
export function makeRoomForNumbers(list) {
  const { length } = String(list.start + Math.max(list.childElementCount, FIRST));
  if (length > 2) list.style.setProperty('--digits', String(length));
}

export class Parts {
  #count = 0;
  /** @type {Element[]} */
  #parts = [];

  /**
   * @param {Element} holder a text, list, table's body or quote
   * @param {number} [first] how many blocks lie in the holder itself
   */
  constructor(holder, first = FIRST) {
    this.holder = holder;
    this.first = first;
  }

  /** The element that the next block's nodes come into. @param {Element | null} [end] what stays behind all blocks */
  next(end = null) {
    const place = this.#count - this.first;
    this.#count += 1;
    if (place >= 0 && place % SIZE === 0) this.#begin(end);
    return this.#parts.at(-1) ?? this.holder;
  }

  /** The last block has been taken away again. */
  takeBack() {
    this.#count -= 1;
    const place = this.#count - this.first;
    if (place >= 0 && place % SIZE === 0) this.#parts.pop()?.remove();
  }

  /** @param {Element | null} end */
  #begin(end) {
    const last = this.#parts.at(-1) ?? this.holder;
    const goesOn = this.holder.matches('ul, ol, tbody');
    const part = document.createElement(goesOn ? this.holder.localName : 'div');
    part.className = 'part';
    if (part instanceof HTMLOListElement) {
      part.start = /** @type {HTMLOListElement} */ (last).start + last.childElementCount;
      makeRoomForNumbers(part);
    }
    if (goesOn) last.after(part);
    else this.holder.insertBefore(part, end);
    this.#parts.push(part);
  }
}
