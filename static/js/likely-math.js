/**
 * Judges whether what stands between two delimiters is mathematics or ordinary text: prices, shell variables,
 * words in escaped brackets. It reads one candidate and the characters around it; finding candidates is
 * tex-scanner.js's work. No rule asks for spaces between words, which Chinese and Japanese do not write.
 */

const COMMAND = /\\[A-Za-z]/;
const SIGN = /\\[A-Za-z{}|,;!:>]|[\^_=<>+*{}±×÷·−≤≥≠≈∈∉⊂⊆∪∩→⇒↔∞∑∏∫√∂∇∀∃¬∧∨⊕⊗]|[Α-Ωα-ωϑϕϵ]/;
const HAN = /[\u2E80-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\uFF00-\uFFEF\u{20000}-\u{3FFFF}]/u;
const STOP_WORD =
  /(?:^|[^\\A-Za-z])(?:and|or|the|an|of|to|for|per|with|is|are|was|in|on|then|from|by|at|as|vs|but|while|where|which|each|than|versus|only|now)(?![A-Za-z])/;
const TEXT_ARGUMENT =
  /\\(?:text[a-z]*|mbox|hbox|operatorname\*?|mathrm|mathsf|mathtt|mathit|mathbf|label|tag|ref|eqref|href|url)\s*\{[^{}]*\}?/g;
const WORD = /(?<![\\A-Za-z])[A-Za-z]{3,}/g;

/** The candidate without what TeX itself sets as text. @param {string} tex */
const bare = (tex) => tex.replace(TEXT_ARGUMENT, '\\x ');

/** @param {string} tex @returns {number} how many words of three letters or more stand there as words */
const words = (tex) => (tex.match(WORD) ?? []).length;

/**
 * Whether `$tex$` is mathematics.
 * @param {string} tex what stands between the dollars
 * @param {string} before the character before the first dollar, or ''
 * @param {string} after the character after the second dollar, or ''
 */
export function isDollarMath(tex, before, after) {
  const content = tex.trim();
  if (content === '') return false;
  const text = bare(content);
  if (/^\s/.test(tex) || /\s$/.test(tex)) {
    if (!isPaddedMath(tex, text, after)) return false;
  }
  if (/^\d/.test(content) && isMoney(content, text, after)) return false;
  if (/\d/.test(before) && /^[,.;:]|^[-–/]\d/.test(content) && !COMMAND.test(content)) return false;
  if (/\d/.test(after) && !mayPrecedeDigit(content)) return false;
  if (isShell(content, after)) return false;
  return !isProse(text);
}

/** @param {string} tex @param {string} text @param {string} after */
function isPaddedMath(tex, text, after) {
  const content = tex.trim();
  if (STOP_WORD.test(text)) return false;
  if (/\s$/.test(tex) && !/^\s/.test(tex) && /[\p{L}\p{N}\\]/u.test(after)) return false;
  if (SIGN.test(text)) return words(text) === 0 || COMMAND.test(text);
  return /^(?:[A-Za-z]'*|\d+(?:\.\d+)?|[A-Za-z]\([A-Za-z, ]+\))$/.test(content);
}

/** @param {string} content @param {string} text @param {string} after */
function isMoney(content, text, after) {
  if (COMMAND.test(text)) return STOP_WORD.test(text);
  if (/[-–—/,.;:|]$/.test(content)) return true;
  if (/\d/.test(after)) return true;
  if (HAN.test(text) || STOP_WORD.test(text) || words(text) >= 2) return true;
  return !isBalanced(content);
}

/** @param {string} content */
function mayPrecedeDigit(content) {
  if (COMMAND.test(content) || /[-+=<>~≈≤≥±×*/:(|∼]$/.test(content)) return true;
  return /^[A-Za-z]$/.test(content) || (/[\^_]/.test(content) && !/^\d/.test(content));
}

/** @param {string} content @param {string} after */
function isShell(content, after) {
  if (COMMAND.test(content)) return false;
  if (/^[A-Za-z_]\w*[^\w\s(){}=<>+'^]+$/.test(content) && /[A-Za-z_{]/.test(after)) return true;
  if (/^[A-Z_][A-Z0-9_]+$/.test(content) && /[A-Z_]/.test(after)) return true;
  return /^\{[A-Za-z_]\w*\}[^\w\s^]+$/.test(content) && /[\w$({]/.test(after);
}

/** @param {string} text */
function isProse(text) {
  if (COMMAND.test(text)) return false;
  if (HAN.test(text) && !/[=<>+*/^_≤≥≈]/.test(text)) return true;
  return words(text) >= 3 && STOP_WORD.test(text) && !/[=^_]/.test(text);
}

/** @param {string} content */
function isBalanced(content) {
  let depth = 0;
  for (const character of content) {
    if (character === '(' || character === '[') depth += 1;
    if (character === ')' || character === ']') depth -= 1;
    if (depth < 0) return content.startsWith('(') || content.startsWith('[');
  }
  return depth <= 0;
}

/**
 * Whether `$$tex$$` or a display over several paragraphs is mathematics.
 * @param {string} tex
 */
export function isDisplayMath(tex) {
  const text = bare(tex);
  if (text.trim() === '') return false;
  if (SIGN.test(text)) return !(STOP_WORD.test(text) && words(text) >= 3 && !COMMAND.test(text));
  return !STOP_WORD.test(text) && !HAN.test(text) && words(text) < 2;
}

const FUNCTION_WORD =
  /(?<![A-Za-z])(?:sin|cos|tan|log|exp|max|min|sup|inf|lim|det|dim|gcd|mod|arg|ker)(?![A-Za-z])/g;

/**
 * Whether `\(tex\)` or `\[tex\]` in Markdown is mathematics, and not brackets that somebody escaped.
 * @param {string} tex
 * @param {boolean} display
 * @param {boolean} alone whether nothing else stands on its line
 */
export function isBracketMath(tex, display, alone) {
  const content = tex.trim();
  if (content === '') return false;
  if (/^(?:https?:|www\.|mailto:|[./#])\S*$/.test(content)) return false;
  if (display && !alone && /^[\d\s,;–-]+$/.test(content)) return false;
  const text = bare(content);
  if (COMMAND.test(text)) return true;
  const prose = text.replace(FUNCTION_WORD, '');
  if (HAN.test(prose) && !/[=<>+*/^_]/.test(prose)) return false;
  if (/[a-z]{3,}/.test(prose) && !SIGN.test(prose)) return false;
  return !(STOP_WORD.test(prose) && words(prose) >= 2);
}

/**
 * Whether a text that breaks off after an opening delimiter may yet become mathematics.
 * @param {string} kind the delimiter, or `begin`
 * @param {string} tail what follows it
 */
export function isUnfinishedMath(kind, tail) {
  if (kind === 'begin' || tail.trim() === '') return kind !== '$';
  const text = bare(tail);
  const prose = STOP_WORD.test(text) || HAN.test(text) || words(text) >= 3;
  if (kind === '$$' || kind === '\\[') return COMMAND.test(text) || !prose;
  if (/^\s|^\d[\d.,]*\s/.test(tail)) return false;
  return /\\[A-Za-z]|[\^_]/.test(tail) && !prose;
}

/**
 * Whether a line is a sentence. After an empty line it shows that an open display never was one.
 * @param {string} line
 */
export function isProseLine(line) {
  const text = bare(line);
  if (/(?<![\\$])\$(?!\$)/.test(text)) return true;
  if (COMMAND.test(text) || /[=&]/.test(text)) return false;
  return words(text) >= 4 || /[\u3040-\u9FFF\uAC00-\uD7AF]{4}/.test(text);
}
