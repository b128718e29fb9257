/**
 * Cuts a growing Markdown text into top-level blocks, so that a page renders each block once. It does not render,
 * and a block it has handed out never changes.
 */

/** @typedef {{source: string, start: number, end: number}} Block a stretch of the text; blocks put together are the text */

/** Takes a text in chunks of any size; what it cuts does not depend on the chunks. */
export class BlockCutter {
  #source = '';
  #start = 0;

  /**
   * Adds a chunk and gives the blocks that it finished.
   * @param {string} chunk
   * @returns {Block[]}
   */
  append(chunk) {
    this.#source += chunk;
    return [];
  }

  /** The open rest of the text, which may still change. @returns {Block} */
  get tail() {
    return { source: this.#source, start: this.#start, end: this.#start + this.#source.length };
  }

  /** Link definitions met so far, to be rendered with every block. */
  get definitions() {
    return '';
  }
}

/**
 * The blocks of a whole text, the open rest as the last one.
 * @param {string} source
 * @returns {Block[]}
 */
export function markdownBlocks(source) {
  const cutter = new BlockCutter();
  const blocks = cutter.append(source);
  return cutter.tail.source === '' ? blocks : [...blocks, cutter.tail];
}
