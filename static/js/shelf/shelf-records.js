/**
 * What a reader keeps about a paper, as plain records: how two of them become one, and how they stand in a file.
 * Pure functions; where records are kept is for shelf.js.
 */

/**
 * @typedef {object} ShelfRecord
 * @property {string} id the paper's id without version
 * @property {string | null} starred when, ISO 8601
 * @property {string | null} read when, ISO 8601
 * @property {string[]} tags sorted, each once
 * @property {string} note
 */

const FORMAT = 'quire-shelf';
const VERSION = 1;
const LONGEST_NOTE = 100_000; // characters
const LONGEST_TAG = 100;
const MOST_TAGS = 100;
const ID = /^(?:\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]+)?\/\d{7}|quire\/\d{4})$/;
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

export const MOST_RECORDS = 100_000;

/** More than a file of a shelf may hold; its message names the interface's words for that. */
export class TooMuch extends RangeError {
  /** @param {'tooManyPapers' | 'tooManyTags' | 'tooLongNote'} message @param {{id?: string, most: number}} values */
  constructor(message, values) {
    super(message);
    this.values = values;
  }
}

/** @param {string} id @returns {ShelfRecord} */
export const emptyRecord = (id) => ({ id, starred: null, read: null, tags: [], note: '' });

/** @param {ShelfRecord} record */
export const isEmpty = ({ starred, read, tags, note }) =>
  !starred && !read && tags.length === 0 && note === '';

/** @param {string} text as a person types them, commas between @returns {string[]} */
export function tagsOf(text) {
  const tags = text.split(/[,，]/).map((tag) => tag.trim().slice(0, LONGEST_TAG));
  return [...new Set(tags.filter(Boolean))].sort().slice(0, MOST_TAGS);
}

/**
 * Both records in one, and nothing of either lost: the earlier star and read mark, all tags, both notes where they
 * differ. Merging the result with either again changes nothing.
 * @param {ShelfRecord} ours @param {ShelfRecord} theirs @returns {ShelfRecord}
 */
export function merged(ours, theirs) {
  return {
    id: ours.id,
    starred: earlier(ours.starred, theirs.starred),
    read: earlier(ours.read, theirs.read),
    tags: [...new Set([...ours.tags, ...theirs.tags])].sort(),
    note: bothNotes(ours.note, theirs.note),
  };
}

/** Throws TooMuch for a record that no file may hold. @param {ShelfRecord} record */
export function checkBounds({ id, tags, note }) {
  if (tags.length > MOST_TAGS) throw new TooMuch('tooManyTags', { id, most: MOST_TAGS });
  if (note.length > LONGEST_NOTE) throw new TooMuch('tooLongNote', { id, most: LONGEST_NOTE });
}

/** @param {string | null} one @param {string | null} other */
function earlier(one, other) {
  if (one && other) return one < other ? one : other;
  return one ?? other;
}

/** @param {string} one @param {string} other */
function bothNotes(one, other) {
  if (one.includes(other)) return one;
  return other.includes(one) ? other : `${one}\n\n${other}`;
}

/** The text of a file that holds these records. @param {ShelfRecord[]} records */
export const toFile = (records) =>
  `${JSON.stringify({ format: FORMAT, version: VERSION, papers: records }, null, 1)}\n`;

/**
 * The records of a file, and how many of it were none.
 * @param {string} text @returns {{ records: ShelfRecord[], bad: number }}
 * @throws {SyntaxError} for a file that is not a shelf, or one of a newer version
 */
export function fromFile(text) {
  const file = JSON.parse(text.replace(/^\ufeff/, ''));
  if (file?.format !== FORMAT || !Array.isArray(file.papers))
    throw new SyntaxError('this is not a file of a shelf');
  if (file.version !== VERSION)
    throw new SyntaxError(`a shelf of version ${file.version}, which this page does not read`);
  if (file.papers.length > MOST_RECORDS) throw new SyntaxError(`more than ${MOST_RECORDS} papers`);
  const records = file.papers.map(checked).filter((/** @type {unknown} */ record) => record !== null);
  return { records, bad: file.papers.length - records.length };
}

/** @param {unknown} value */
const isTime = (value) => typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));

/** @param {unknown} value @returns {value is string} */
const isText = (value) => typeof value === 'string';

/**
 * A record with all its fields, or null for what has no id. What is wrong in a field is left out, and the other fields stand:
 * a note beside a wrong star would be overwritten otherwise. Nothing that a reader wrote is too long here.
 * @param {any} given @returns {ShelfRecord | null}
 */
export function wellFormed(given) {
  // A regular expression takes what is not a text, such as an array of one, for the text that it becomes.
  if (!isText(given?.id) || !ID.test(given.id)) return null;
  const { id, starred, read, tags, note } = given;
  return {
    id,
    starred: isTime(starred) ? starred : null,
    read: isTime(read) ? read : null,
    tags: Array.isArray(tags) ? tags.filter(isText) : [],
    note: isText(note) ? note : '',
  };
}

/** A record of a file, which is bounded, and right in every field that it has. @param {any} given @returns {ShelfRecord | null} */
function checked(given) {
  const record = wellFormed(given);
  if (record === null || record.note.length > LONGEST_NOTE || record.tags.length > MOST_TAGS) return null;
  if (record.tags.some((tag) => tag.length > LONGEST_TAG)) return null;
  const { starred = null, read = null, tags = [], note = '' } = given;
  if (starred !== record.starred || read !== record.read || note !== record.note) return null;
  if (!Array.isArray(tags) || tags.length !== record.tags.length) return null;
  return { ...record, tags: tagsOf(record.tags.join(',')) };
}

/** The ids that a link carries, each once, without what is not an id. @param {string} hash such as #ids=2401.00001,math/0211159 */
export function idsOfLink(hash) {
  const names = new URLSearchParams(hash.replace(/^#/, '')).get('ids')?.split(',') ?? [];
  return [...new Set(names.filter((name) => ID.test(name)))].slice(0, MOST_RECORDS);
}

/** @param {string[]} ids */
export const linkHash = (ids) => `#ids=${ids.join(',')}`;
