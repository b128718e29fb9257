/**
 * Decides when: what comes near the viewport is worked on, a few blocks at a time, leaving the browser time to draw.
 * It knows nothing of mathematics; a block that waits has `work`, the steps for several blocks at once.
 */

/** @typedef {Generator<Promise<unknown> | undefined, void>} Steps */

const MARGIN = '1200px 0px';
const BATCH = 8; // blocks; each batch costs the page one change of styles and one layout
const SLICE = 12; // milliseconds of work before the browser may draw
const AGAIN = 100; // milliseconds after which spare time is looked for again
const WHOLE = { batch: 64, slice: 100 }; // the same where somebody waits for the whole page

/** How many queues are at work on what is near. */
let working = 0;

/** @template {Element} T */
export class NearQueue {
  /** @type {Set<T>} blocks that wait, near or far */
  waiting = new Set();
  /** @type {Set<T>} */
  #near = new Set();
  /** @type {Promise<void> | null} */
  #running = null;
  /** What is being worked on. @type {Steps | null} */
  #steps = null;
  #isIdling = false;
  #isFinishing = false;
  #observer = new IntersectionObserver((entries) => this.#moved(entries), { rootMargin: MARGIN });

  /** @param {(blocks: T[], atOnce: boolean) => Steps} work what `atOnce` leaves undone is not asked for again */
  constructor(work) {
    this.work = work;
  }

  /** @param {T} block to be worked on once it is near */
  add(block) {
    this.waiting.add(block);
    if (this.#isFinishing) this.#near.add(block);
    else this.#observer.observe(block);
  }

  /** @param {T} block that is done, or has left the page */
  remove(block) {
    this.waiting.delete(block);
    this.#near.delete(block);
    this.#observer.unobserve(block);
  }

  /** Works on every block that waits, near or not. @returns {Promise<void>} */
  async finish() {
    this.#isFinishing = true; // word that a block is far comes late, and does not matter now
    for (const block of this.waiting) this.#near.add(block);
    try {
      await this.#run();
    } finally {
      this.#isFinishing = false;
    }
  }

  /** Works on the far ones too, in the browser's spare time, once nothing near waits. */
  finishWhenIdle() {
    if (this.#isIdling) return;
    this.#isIdling = true;
    const idle =
      window.requestIdleCallback ?? ((/** @type {IdleRequestCallback} */ action) => setTimeout(action, 200));
    idle((deadline) => {
      this.#isIdling = false;
      for (const block of working > 0 ? [] : this.waiting) {
        if (deadline && deadline.timeRemaining() < 4) break;
        this.remove(block);
        for (const _ of this.work([block], false));
      }
      if (working > 0) setTimeout(() => this.finishWhenIdle(), AGAIN);
      else if (this.waiting.size > 0) this.finishWhenIdle();
    });
  }

  /** The same at once, without waiting for what is not loaded yet; for printing. */
  finishNow() {
    for (const _ of this.#steps ?? []);
    const blocks = [...this.waiting];
    for (const block of blocks) this.remove(block);
    for (const _ of this.work(blocks, true));
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #moved(entries) {
    for (const { target, isIntersecting } of entries) {
      const block = /** @type {T} */ (target);
      if (isIntersecting && this.waiting.has(block)) this.#near.add(block);
      else if (!this.#isFinishing) this.#near.delete(block);
    }
    void this.#run();
  }

  /** @returns {Promise<void>} */
  #run() {
    if (this.#running) return this.#running;
    working += 1;
    this.#running = this.#workThrough().finally(() => {
      working -= 1;
      this.#running = null;
    });
    return this.#running;
  }

  async #workThrough() {
    let started = performance.now();
    while (this.#near.size > 0) {
      const { batch, slice } = this.#isFinishing ? WHOLE : { batch: BATCH, slice: SLICE };
      const blocks = [...this.#near].slice(0, batch);
      for (const block of blocks) this.remove(block);
      this.#steps = this.work(blocks, false);
      for (const wait of this.#steps) {
        if (wait) await wait;
        else if (performance.now() - started > slice) await breathe();
        else continue;
        started = performance.now();
      }
      this.#steps = null;
    }
  }
}

/** Lets the browser draw and answer the reader. @returns {Promise<void>} */
const breathe = () => new Promise((resolve) => setTimeout(resolve));
