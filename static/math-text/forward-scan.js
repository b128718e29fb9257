/**
 * Looks things up in a text from left to right, reading no part of it twice: the next match of a pattern, and where a brace
 * group ends.
 */

/** The matches of a pattern in a text. */
export class Matches {
  /** @type {RegExpExecArray | null | undefined} */
  #match;

  /** @param {string} source @param {RegExp} pattern a global one, that looks at nothing before its match */
  constructor(source, pattern) {
    this.source = source;
    this.pattern = pattern;
  }

  /** The first match that begins at a place or after it; places are asked for in order. @param {number} at */
  from(at) {
    if (this.#match === undefined || (this.#match && this.#match.index < at)) {
      this.pattern.lastIndex = at;
      this.#match = this.pattern.exec(this.source);
    }
    return this.#match;
  }
}

/** The brace groups of a text, which is read when the first one is asked for. */
export class Groups {
  /** @type {Map<number, number> | undefined} */
  #ends;

  /** @param {string} source */
  constructor(source) {
    this.source = source;
  }

  /**
   * Where the group ends whose contents begin at a place, or -1.
   * @param {number} from
   * @example new Groups('{a{b}}c').endOf(1) // 6
   */
  endOf(from) {
    this.#ends ??= this.#read();
    return this.#ends.get(from) ?? -1;
  }

  #read() {
    const ends = new Map();
    /** @type {number[]} */
    const open = [];
    for (const { 0: sign, index } of this.source.matchAll(/\\[^]|[{}]/g)) {
      if (sign === '{') open.push(index + 1);
      else if (sign === '}' && open.length > 0) ends.set(open.pop(), index + 1);
    }
    return ends;
  }
}
