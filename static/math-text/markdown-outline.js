/**
 * Reads Markdown line by line, as far as one must to know where code stands and where a paragraph ends: fences,
 * indented code, raw HTML, quotes, list items, headings. It builds no tree, and it sees one line at a time, so that a
 * text may still be growing.
 */

/**
 * What one line is. `joins`: it carries on the paragraph of the line before. `marked`: it starts a list item.
 * `inList`: a list is open before its own marker. `quote`: the number of `>` before it.
 * @typedef {{kind: 'blank' | 'text' | 'heading' | 'fence' | 'raw' | 'indented', joins: boolean, marked: boolean, inList: boolean, quote: number}} Line
 */
/** @typedef {number} Container a list item: the columns of its contents' indent; QUOTE for a quote */

const QUOTE = -1;
const CONTAINERS_ON_A_LINE = 60;
const FENCE = /(?:(`{3,})[^`]*|(~{3,}).*)$/y;
const HEADING = /#{1,6}(?:[ \t]|$)/y;
const RULE = /([-*_])(?:[ \t]{0,9}\1){2,999}[ \t]{0,999}$/y;
const MARKER = /(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/y;
/** What makes a heading of the paragraph before it. */
const UNDERLINE = /(?:=+|-+)[ \t]*$/y;
/** The row under a table's head may begin as an item does. */
const DELIMITERS = /-[ \t:-]*\|[ \t|:-]*$/y;
const RAW = /<(?:(script|pre|style|textarea)(?=[\s>]|$)|(!--)|(\?)|(!\[CDATA\[))/iy;
/** HTML that runs to the next empty line: these may end a paragraph, other tags alone on their line may not. */
const HTML =
  /<\/?(?:address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|meta|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?=[ \t]|\/?>|$)/iy;
const LONE_TAG = /<\/?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?\/?>[ \t]*$/y;
/** @param {RegExpExecArray} raw @returns {RegExp} */
const rawEnd = ([, tag, comment, instruction]) =>
  tag ? new RegExp(`</${tag}>`, 'i') : comment ? /-->/ : instruction ? /\?>/ : /\]\]>/;

export class OutlineReader {
  /** The quotes and list items that are open, from the outermost on. @type {Container[]} */
  #containers = [];
  /** What ends the code that is open, or ''. */
  #fence = '';
  /** @type {RegExp | null} where the raw HTML that is open ends */
  #raw = null;
  #html = false;
  #paragraph = false;
  /** How the items of the outermost list begin. */
  marker = '';
  /** Whether the last of them is empty, after which Marked may end the list. */
  #isEmpty = false;
  /** Whether the line before is an item without a text, which an empty line ends. */
  #isBare = false;
  /** Whether the line before is the empty one after such an item: the next item may still belong to its list. */
  #isAfterEmpty = false;

  /** Whether the line before makes a heading of its paragraph: the next item may be any. */
  #isUnderlined = false;

  /** Whether code or HTML is open, which the next line may carry on. */
  get isInside() {
    return this.#fence !== '' || this.#raw !== null || this.#html;
  }

  /** Whether a list is open that lies in nothing else. */
  get isInList() {
    return this.#containers.length > 0 && this.#containers[0] !== QUOTE;
  }

  /** Whether a top-level block may end before this line; a line cut short may be given. @param {string} line */
  mayEndBefore(line) {
    if (this.isInside || (this.#isAfterEmpty && isItem(line, indentOf(line).length))) return false;
    return this.#endsAt(line, 0, this.#containers);
  }

  /** Whether a block may end before this line that lies in the outermost quote and in nothing else. @param {string} line */
  mayEndInQuoteBefore(line) {
    if (this.isInside || this.#isAfterEmpty || this.#containers[0] !== QUOTE) return false;
    const { length, columns } = indentOf(line);
    if (columns > 3 || line[length] !== '>') return false;
    return this.#endsAt(line, afterQuote(line, length), this.#containers.slice(1));
  }

  /** Whether what lies in these containers ends before a line. @param {string} line @param {number} at @param {Container[]} containers */
  #endsAt(line, at, containers) {
    const { length, columns } = indentOf(line, at);
    const item = containers.find((container) => container !== QUOTE);
    if (item === undefined) return columns < 4;
    return columns < Math.min(4, item) && !isItem(line, at + length);
  }

  /**
   * Whether an item of a list that lies in nothing else starts with this line, the list's first one or one after an
   * item that is not empty; a line cut short may be given.
   * @param {string} line
   */
  startsItem(line) {
    const [outermost] = this.#containers;
    const { length, columns } = indentOf(line);
    const isFirst = outermost === undefined || outermost === QUOTE;
    if (this.isInside) return false;
    if (columns >= (isFirst ? 4 : Math.min(4, outermost)) || !isItem(line, length)) return false;
    const [marker] = /** @type {RegExpExecArray} */ (matchAt(MARKER, line, length));
    if (this.#isAfterEmpty) return kindOf(marker) !== this.marker;
    if (!isFirst) return !this.#isEmpty || kindOf(marker) !== this.marker;
    if (!this.#paragraph || this.#isUnderlined || outermost === QUOTE) return true;
    return matchAt(DELIMITERS, line, length) === null && mayInterrupt(marker, line, length, false);
  }

  /**
   * Takes the next line, without its line break.
   * @param {string} line
   * @returns {Line}
   */
  read(line) {
    const { matched, at } = this.#carriedOn(line);
    const whole = matched === this.#containers.length;
    const isBare = this.#isBare;
    this.#isBare = false;
    if (this.isInside && whole) return this.#readInside(line, at);
    if (this.isInside) this.#leave(matched);
    const indent = indentOf(line, at);
    const text = at + indent.length;
    if (text === line.length) return this.#blank(matched, isBare);
    this.#isAfterEmpty = false;
    const inList = this.#inList(matched);
    const mayBeAny = inList || !whole || this.#isUnderlined;
    const starts = line[text] === '>' || startsBlock(line, text, mayBeAny);
    const isUnderline =
      this.#paragraph && whole && indent.columns < 4 && matchAt(UNDERLINE, line, text) !== null;
    this.#isUnderlined = isUnderline && this.#containers.length === 0;
    if (isUnderline && !inList && this.#containers.length > 0) this.#paragraph = false;
    if (this.#paragraph && (indent.columns >= 4 || (!whole && !starts)))
      return this.#line('text', { joins: true, inList: this.#inList(), quote: this.#quotes() });
    this.#leave(matched);
    if (indent.columns >= 4) return this.#line('indented', { inList });
    if (starts) this.#paragraph = false;
    const rest = this.#openContainers(line, text, indent.columns);
    const opened = this.#containers.slice(matched).some((container) => container !== QUOTE);
    const joins = this.#paragraph && rest === text && !starts && line[text] !== '|';
    return this.#readContent(line, rest, { marked: opened, inList, joins });
  }

  /** @param {Line['kind']} kind @param {Partial<Line>} [more] @returns {Line} */
  #line(kind, more = {}) {
    return { kind, joins: false, marked: false, inList: this.#inList(), quote: this.#quotes(), ...more };
  }

  /** Whether a list item is among the outermost containers. @param {number} [count] */
  #inList(count = this.#containers.length) {
    return this.#containers.slice(0, count).some((container) => container !== QUOTE);
  }

  #quotes() {
    return this.#containers.filter((container) => container === QUOTE).length;
  }

  /** How many of the open containers a line carries on, and where its text begins. @param {string} line */
  #carriedOn(line) {
    let at = 0;
    let matched = 0;
    for (const container of this.#containers) {
      const { length, columns } = indentOf(line, at);
      if (container === QUOTE) {
        if (columns > 3 || line[at + length] !== '>') break;
        at = afterQuote(line, at + length);
      } else if (at + length < line.length) {
        if (columns < container) break;
        at = afterColumns(line, at, container);
      }
      matched += 1;
    }
    return { matched, at };
  }

  /** Closes the containers further in, with what is open in them. @param {number} matched */
  #leave(matched) {
    if (matched < this.#containers.length) {
      this.#paragraph = false;
      this.#fence = '';
      this.#raw = null;
      this.#html = false;
    }
    this.#containers.length = matched;
  }

  /** @param {string} line @param {number} at */
  #readInside(line, at) {
    const text = line.slice(at).trim();
    if (this.#fence !== '') {
      if (text.startsWith(this.#fence) && isRun(text, this.#fence[0])) this.#fence = '';
      return this.#line('fence');
    }
    if (this.#raw) {
      if (this.#raw.test(line)) this.#raw = null;
      return this.#line('raw');
    }
    if (text !== '') return this.#line('text', { joins: true });
    this.#html = false;
    this.#paragraph = false;
    return this.#line('blank');
  }

  /** An empty line ends a quote, and no list item but one without a text. @param {number} matched @param {boolean} isBare */
  #blank(matched, isBare) {
    this.#paragraph = false;
    this.#isAfterEmpty = isBare;
    if (isBare) this.#leave(this.#containers.length - 1);
    const quote = this.#containers.indexOf(QUOTE, matched);
    if (quote >= 0) this.#leave(quote);
    return this.#line('blank');
  }

  /**
   * Opens the quotes and list items that begin on a line.
   * @param {string} line
   * @param {number} at
   * @param {number} before columns of white space before that, within the container that is open
   * @returns {number} where its text begins
   */
  #openContainers(line, at, before) {
    for (let count = 0; count < CONTAINERS_ON_A_LINE; count += 1) {
      if (line[at] === '>') {
        at = afterQuote(line, at);
        this.#containers.push(QUOTE);
      } else {
        const marker = matchAt(RULE, line, at) ? null : matchAt(MARKER, line, at);
        if (!marker || (this.#paragraph && !mayInterrupt(marker[0], line, at, this.#inList()))) return at;
        const space = indentOf(line, at + marker[0].length);
        const end = at + marker[0].length + space.length;
        if (this.#containers.length === 0) {
          this.marker = kindOf(marker[0]);
          this.#isEmpty = end === line.length;
        }
        const within = space.columns >= 1 && space.columns <= 4 && end < line.length;
        this.#isBare = end === line.length;
        this.#containers.push(before + marker[0].length + (within ? space.columns : 1));
        at = within || end === line.length ? end : at + marker[0].length + 1;
      }
      this.#paragraph = false;
      const indent = indentOf(line, at);
      if (indent.columns >= 4) return at;
      at += indent.length;
      before = indent.columns;
    }
    return at;
  }

  /** @param {string} line @param {number} at @param {Partial<Line>} more @returns {Line} */
  #readContent(line, at, more) {
    if (indentOf(line, at).columns >= 4) return this.#line('indented', more);
    const fence = matchAt(FENCE, line, at);
    if (fence) {
      this.#paragraph = false;
      this.#fence = fence[1] ?? fence[2];
      return this.#line('fence', more);
    }
    const raw = matchAt(RAW, line, at);
    if (raw) {
      const end = rawEnd(raw);
      this.#paragraph = false;
      if (end.test(line.slice(at + raw[0].length))) return this.#line('text', more);
      this.#raw = end;
      return this.#line('raw', more);
    }
    this.#html =
      matchAt(HTML, line, at) !== null || (!this.#paragraph && matchAt(LONE_TAG, line, at) !== null);
    const heading = matchAt(HEADING, line, at) !== null;
    this.#paragraph = !heading && matchAt(RULE, line, at) === null && at < line.length;
    return this.#line(heading ? 'heading' : 'text', more);
  }
}

/** Whether a block starts here that ends the paragraph before it. @param {string} line @param {number} at @param {boolean} inList */
function startsBlock(line, at, inList) {
  if ([FENCE, HEADING, RULE, RAW, HTML].some((pattern) => matchAt(pattern, line, at) !== null)) return true;
  const marker = matchAt(MARKER, line, at);
  return marker !== null && mayInterrupt(marker[0], line, at, inList);
}

/**
 * A number other than 1, or an empty item, starts no list in the middle of a paragraph.
 * @param {string} marker
 * @param {string} line
 * @param {number} at where the marker stands
 * @param {boolean} inList
 */
function mayInterrupt(marker, line, at, inList) {
  return inList || (/^(?:[-+*]|1[.)])$/.test(marker) && line.slice(at).trimEnd() !== marker);
}

/** Items of one kind make one list. @param {string} marker */
const kindOf = (marker) => (/^\d/.test(marker) ? `1${marker.at(-1)}` : marker);

/** The kind of the item that a line starts with, or ''. @param {string} line */
export function itemKind(line) {
  const { length, columns } = indentOf(line);
  return columns < 4 && isItem(line, length)
    ? kindOf(/** @type {RegExpExecArray} */ (matchAt(MARKER, line, length))[0])
    : '';
}

/** @param {string} line @param {number} at */
const isItem = (line, at) => matchAt(MARKER, line, at) !== null && matchAt(RULE, line, at) === null;

/** @param {RegExp} pattern a sticky one @param {string} text @param {number} at */
export function matchAt(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** @param {string} text @param {string} character */
function isRun(text, character) {
  for (let at = 0; at < text.length; at += 1) if (text[at] !== character) return false;
  return true;
}

/** Where a line goes on after a `>` and the space that belongs to it. @param {string} line @param {number} at */
const afterQuote = (line, at) => (line[at + 1] === ' ' ? at + 2 : at + 1);

/** Where a line goes on after so many columns of white space. @param {string} line @param {number} at @param {number} columns */
function afterColumns(line, at, columns) {
  const end = columnOf(line, at) + columns;
  for (let column = end - columns; column < end; at += 1) column += line[at] === '\t' ? 4 - (column % 4) : 1;
  return at;
}

/** The column of a place near a line's start, where tabs stop at every fourth. @param {string} line @param {number} at */
function columnOf(line, at) {
  let column = 0;
  for (let index = 0; index < at; index += 1) column += line[index] === '\t' ? 4 - (column % 4) : 1;
  return column;
}

/** @param {string} line @param {number} [at] @returns {{length: number, columns: number}} characters and columns of the white space */
function indentOf(line, at = 0) {
  let columns = 0;
  let length = 0;
  const from = at > 0 && (line[at] === ' ' || line[at] === '\t') ? columnOf(line, at) : 0;
  for (; line[at + length] === ' ' || line[at + length] === '\t'; length += 1)
    columns += line[at + length] === '\t' ? 4 - ((from + columns) % 4) : 1;
  return { length, columns };
}
