/**
 * Texts cut into passages, and answers of the server turned into pieces. Pure functions, no DOM.
 *
 * A piece never reaches over the end of a line, so whole lines can be asked for on their own: of a long text only what
 * is looked at. Texts are normalised here and sent as they are, so that places in the answer are places in `bytes`.
 */

/** Texts up to this many characters are asked for whole, and can be drawn at random. */
export const WHOLE = 64_000;

const PASSAGE = 2000;
const NOTHING = '∅'; // what a piece shows that stands for nothing of the text, such as a space put before it

/**
 * @typedef {object} Passage whole lines of a text
 * @property {string} text
 * @property {number} character where it begins in the text, in characters (code points)
 * @property {boolean} [apart] whether each model has a text of its own there, as in a chat
 */

/**
 * @typedef {object} Pieces the pieces of a passage, as columns
 * @property {Uint8Array} bytes the passage in UTF-8
 * @property {number[]} ids
 * @property {number[][]} byte_spans
 * @property {number[] | null} scores null where the model has none
 * @property {number[]} [owners] in a chat whose text each piece is: prompt.js
 */

const LINES = /[^\n]*\n+|[^\n]+/g;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text without halves of surrogate pairs, which are not characters. @param {string} text */
export function whole(text) {
  return /[\ud800-\udfff]/.test(text) ? text.replace(/\p{Surrogate}/gu, '\ufffd') : text;
}

/**
 * The line at a place of a text, without the white space at its end; where that line is empty, the last one before it.
 *
 * @param {string} text
 * @param {number} place in UTF-16 units, as a selection counts
 */
export function lineAt(text, place) {
  const end = text.indexOf('\n', place);
  const before = text.slice(0, end < 0 ? text.length : end).trimEnd();
  return before.slice(before.lastIndexOf('\n') + 1);
}

/**
 * A passage as it is sent to a model: composed where the model asks for that.
 *
 * @param {string} text
 * @param {'NFC' | null} normalization
 */
export const prepared = (text, normalization) => (normalization ? text.normalize(normalization) : text);

/**
 * The bytes that a model's places are in. One of another kind than BytePiece may change a text: where its pieces give
 * the text back, or its NFC, places are theirs to the byte; else they are those of whole characters in the text as sent.
 *
 * @param {string} text as it was sent
 * @param {{byte_spans: number[][], source_byte_spans?: number[][]}} spans
 * @param {boolean} lossless
 */
export function placed(text, { byte_spans, source_byte_spans }, lossless) {
  const size = byte_spans.at(-1)?.[1] ?? 0;
  const bytes = [text, text.normalize('NFC')].map(bytesOf).find(({ length }) => length === size);
  if (!source_byte_spans || (lossless && bytes)) return { bytes: bytes ?? bytesOf(text), byte_spans };
  return { bytes: bytesOf(text), byte_spans: source_byte_spans };
}

/**
 * Cut a text between lines into passages of about 2,000 characters; a longer line is one of its own.
 *
 * @param {string} text
 * @returns {Passage[]}
 */
export function passagesOf(text) {
  /** @type {Passage[]} */
  const passages = [];
  let part = '';
  let character = 0;
  const close = () => {
    if (!part) return;
    passages.push({ text: part, character });
    character += characters(part);
    part = '';
  };
  for (const [line] of text.matchAll(LINES)) {
    if (part.length + line.length > PASSAGE) close();
    part += line;
  }
  close();
  return passages;
}

/** @param {string} text @returns {number} its code points */
export function characters(text) {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--;
  return count;
}

/** @param {string} text */
export const bytesOf = (text) => encoder.encode(text);

/**
 * What a piece shows: its characters, or its bytes where they are not whole characters.
 *
 * @param {Uint8Array} bytes
 * @param {boolean} spaces whether white space is made visible
 * @returns {{shown: string, raw: boolean}}
 */
export function shown(bytes, spaces) {
  if (!bytes.length) return { shown: NOTHING, raw: true };
  let text;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { shown: hex(bytes), raw: true };
  }
  text = text.replace(/[\x00-\x08\x0b-\x1f]/g, (control) =>
    String.fromCharCode(0x2400 + control.charCodeAt(0)),
  );
  if (spaces) text = text.replaceAll(' ', '·').replaceAll('\t', '→\t').replaceAll('\n', '↵\n');
  return { shown: text, raw: false };
}

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(' ');
}

/**
 * Which pieces the other model does not cut in the same way.
 *
 * @param {Pieces} pieces
 * @param {Pieces} other
 * @returns {Uint8Array} 1 for each that differs
 */
export function differing(pieces, other) {
  const ends = new Map(other.byte_spans.map(([start, end]) => [start, end]));
  return Uint8Array.from(pieces.byte_spans, ([start, end]) => (ends.get(start) === end ? 0 : 1));
}
