/**
 * Judges whether what stands between two delimiters is mathematics or ordinary text: prices, shell variables,
 * brackets that somebody escaped. It reads one candidate and the characters around it; finding candidates is
 * tex-scanner.js's work. No rule asks for spaces between words, which Chinese and Japanese do not write.
 */

const COMMAND = /\\[A-Za-z]/;
const SIGN =
  /\\[A-Za-z{}|,;!:>]|[\^_=<>+*{}±×÷·−≤≥≠≈∼∈∉⊂⊆∪∩←→↔⇐⇒⇔∞∑∏∫√∂∇∀∃¬∧∨⊕⊗]|[\u0391-\u03F6]|[\u{1D400}-\u{1D7FF}]/u;
const HAN = /[\u2E80-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\uFF00-\uFFEF\u{20000}-\u{3FFFF}]/u;
const STOP_WORD =
  /(?<![\\A-Za-z])(?:and|or|the|an|of|to|for|per|with|is|are|was|were|in|on|then|from|by|at|as|vs|but|while|where|which|each|than|versus|only|now|this|that|you|it)(?![A-Za-z'])/;
const ABBREVIATION = /(?<![\\A-Za-z])(?:cf|e\.?g|i\.?e|vs|resp|eqs?|figs?|secs?|refs?|p|pp)\.(?![\w.])/i;
const STOP_WORDS = new RegExp(STOP_WORD, 'g');
const TEXT_ARGUMENT =
  /\\(?:text[a-z]*|mbox|hbox|operatorname\*?|math(?:rm|sf|tt|it|bf)|label|tag|ref|eqref|href|url|begin|end)\s*\{[^{}]*\}?/g;
const WORD = /(?<![\\A-Za-z])[A-Za-z]{3,}/g;
const FUNCTION =
  /(?<![A-Za-z])(?:arc)?(?:sin|cos|tan|cot|sec|csc|log|exp|max|min|sup|inf|lim|det|dim|gcd|lcm|mod|arg|ker|var|cov|erf|sign|rank|softmax|relu)(?![A-Za-z])/gi;
/** What stands before the dollar of a country's. */
const CURRENCY = /^[^-+=<>*/^_]*[\s(](?:AU|CA|HK|NT|NZ|SG|US|[ACRS])$/;
const CODE_OF_CURRENCY =
  /^(?:USD?|(?:AU|CA|HK|NT|NZ|SG|TW)D?|MXN|COP|ARS|CLP|BRL|EUR|GBP|JPY|CNY|RMB|CHF|INR|KRW|RUB|BTC|ETH)$/;
/** A sum with its result, as data sets of arithmetic note them: `$5*4=$<<5*4=20>>20`. */
const SUM_NOTE = /^<<[\d\s.,+*/()=%-]+>>/;
const NUMBER = /^\d+(?:[.,]\d+)*(?:\\?%)?$/;
const ANY_WORD = /(?<![\\\p{L}])\p{L}{2,}/gu;
/** Letters, numbers and signs, as in a list of indices or a point. */
const COMPACT = /^(?=[^]*[A-Za-z([|])(?![^]*[A-Za-z]{2})[A-Za-z\d'+*/=<>,.;:()[\]|!\s-]+$/;
/** A label in brackets: a task, a token, a reference, a version. */
const LABEL =
  /^(?:\p{Lu}(?:[\p{L}+&]+(?:[ -]?\d+[a-z]?)?|\d+|\p{L}+\d+[\p{L}\d]*|[\p{L}-]+,? \d{4}|\p{L}+'\d{2})|v\d+(?:\.\d+)+|\d[a-z])$/u;
/** Likewise of several parts, as in `PATCH v2 0/3`; `AB-CD` and `AB/CD` are lines. */
const LABEL_OF_PARTS =
  /^(?=.*(?:\d|\p{Lu}{3}))\p{Lu}{2,}\d*(?:(?:[ /-]|\\?_)(?:\p{Lu}+\d*|v?\d+(?:\/\d+)?)){1,5}$/u;
/** Labels that nothing else can be, also alone on a line: tokens of language models, tasks of contests, references. */
const SURE_LABEL =
  /^(?:CLS|SEP|PAD|MASK|UNK|BOS|EOS|TODO|WIP|NOTE|\p{Lu}[\p{L}&]+[ -]?\d{2,}[A-Za-z]*|\p{Lu}[\p{L}-]+,? (?:19|20)\d{2}|\p{Lu}\p{Ll}[\p{L}+]*\+\d{2})$/u;

/** Full-width punctuation, which mathematics in Chinese and Japanese text has as well. */
const WIDE_PUNCTUATION = /[\u3000-\u303F\uFF00-\uFF0F\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65]/g;
/** A negative number, a fraction, a range of digits, a ratio, or numbers of which one is negative. */
const NUMBERS =
  /^(?:-\d+(?:\.\d+)?|\d+(?: ?: ?\d+)+|\d+\/\d+|\d-\d|(?=[^]*-)-?\d+(?:\.\d+)?(?:, ?-?\d+(?:\.\d+)?)+)$/;
const COMMENT = /(?<!\\)%[^\n]*(\n|$)/g;

/** Whether there are words in Chinese, Japanese or Korean, not their punctuation alone. @param {string} text */
const hasHanWords = (text) => HAN.test(text.replace(WIDE_PUNCTUATION, ''));

/** The candidate without what TeX sets as text. @param {string} tex */
const bare = (tex) => tex.replace(TEXT_ARGUMENT, '\\x ');

/** The candidate without comments, which end with their lines. @param {string} tex */
const withoutComments = (tex) => tex.replace(COMMENT, (comment, end) => (end ? ' ' : comment));

/** How many words of three letters or more stand there. @param {string} text */
const words = (text) => (text.match(WORD) ?? []).length;

/**
 * Whether `$tex$` is mathematics.
 * @param {string} tex what stands between the dollars
 * @param {string} before the character before the first dollar, or ''
 * @param {string} after the character after the second dollar, or ''
 */
export function isDollarMath(tex, before, after) {
  const content = tex.slice(0, endWithoutSpace(tex)).trimStart();
  if (content === '') return tex.includes('\\');
  const text = bare(content);
  if (isSign(before, tex[0]) || isBetweenEmphasis(content, after)) return false;
  if (SUM_NOTE.test(content)) return false;
  if (/^\s|\s$/.test(tex) && !isPaddedMath(tex, text, before, after)) return false;
  if (/^[.,]?\d/.test(content) && isPrice(content, text, after)) return false;
  if (/\d/.test(before) && /^[,.;:]|^[-–/](?:\d|\p{L}{2})/u.test(content) && !COMMAND.test(content))
    return false;
  if (/\d/.test(after) && !mayPrecedeDigit(content)) return false;
  if (COMMAND.test(content)) return !(words(text) >= 8 && (text.match(STOP_WORDS) ?? []).length >= 2);
  if (/^[.…\s]{2,}$/.test(content) || content.split('"').length % 2 === 0) return false;
  if (!isBalanced(content) && (opensNext(after) || STOP_WORD.test(text))) return false;
  if (/[A-Za-z]/.test(before) && /[A-Za-z]/.test(after) && STOP_WORD.test(text)) return false;
  return !isVariable(content, after) && !hasLoneBar(content) && !isProse(text);
}

/** Where white space at the end begins, TeX's own (`\\,`) too; from the end, so that a long run is read once. @param {string} tex */
function endWithoutSpace(tex) {
  let end = tex.length;
  for (;;) {
    const last = tex[end - 1] ?? '';
    if (tex[end - 2] === '\\' && /[,;:! ]/.test(last)) end -= 2;
    else if (/\s/.test(last)) end -= 1;
    else return end;
  }
}

/** Whether the first dollar stands alone in quotes or parentheses: the sign itself is meant. @param {string} before @param {string} first */
const isSign = (before, first) => ['""', "''", '“”', '‘’', '()', '（）', '「」'].includes(before + first);

/** Whether emphasis ends after the first dollar's price, or begins before the second dollar. @param {string} content @param {string} after */
function isBetweenEmphasis(content, after) {
  return (
    /^\d[\d.,]*[A-Za-z]?\*\*(?![\w(])/.test(content) || (/\s[*_~]{1,3}$/.test(content) && opensNext(after))
  );
}

/** White space at the edges is mathematics' own only around signs or one token. @param {string} tex @param {string} text @param {string} before @param {string} after */
function isPaddedMath(tex, text, before, after) {
  const content = tex.trim();
  if (/^(?:\\[A-Za-z]+|[A-Za-z]+[_^]\{[^{}\s]*\})$/.test(content)) return true;
  if (STOP_WORD.test(text)) return false;
  if (/^\s/.test(tex) && /\d/.test(before) && !COMMAND.test(text)) return false;
  if (/^\d[\d.,]*\s+[a-z]$/.test(content)) return false; // a price and a word, as in `$ 5 y $ 6`
  const bothSides = /^\s/.test(tex) && /\s$/.test(tex);
  if (/\s$/.test(tex) && !bothSides && !HAN.test(after) && /[\p{L}\p{N}\\]/u.test(after)) return false;
  if (bothSides && /[A-Za-z\d]/.test(before) && opensNext(after)) return false;
  if (SIGN.test(text)) return words(text.replace(FUNCTION, '')) === 0 || COMMAND.test(text);
  const bracket = content.search(/[([]/);
  if (
    bothSides &&
    bracket >= 0 &&
    /[)\]]/.test(content.slice(bracket)) &&
    words(text.replace(FUNCTION, '')) === 0
  )
    return isBalanced(content);
  if (
    /^\|[^|]+\|$/.test(content) ||
    (COMPACT.test(content) && !NUMBER.test(content) && !/^\d[\d.,]*[,;.]?$/.test(content))
  )
    return (
      !/[A-Za-z]\s+[A-Za-z]/.test(content) && isBalanced(content) && words(text.replace(FUNCTION, '')) === 0
    );
  if (bothSides && /^[A-Z]{2,4}$/.test(content))
    return !CODE_OF_CURRENCY.test(content) && !/[A-Za-z\d]/.test(before + after); // a triangle, a line
  return /^[A-Za-z]'*$/.test(content) || NUMBER.test(content) || NUMBERS.test(content);
}

/** Whether something that starts with a digit is a price with text after it. @param {string} content @param {string} text @param {string} after */
function isPrice(content, text, after) {
  if (COMMAND.test(text)) return STOP_WORD.test(text);
  if (/^(?:\d+\.|\d(?:,\d)+,)$/.test(content) || /^\d+ ?[A-Za-z]\S*[-–]$/.test(content))
    return /\d/.test(after);
  if (/^\d+-$/.test(content) && /[A-Za-z]/.test(after)) return false; // `$2-$connected`
  if (/[-–—/,.;:，。；：、]$/.test(content) || /\d/.test(after)) return true;
  if (/=$/.test(content) && /[<\d]/.test(after)) return true; // a sum that goes on
  if (hasHanWords(text) || STOP_WORD.test(text) || words(text) >= 2) return true;
  const spoken = text.replace(FUNCTION, '').match(ANY_WORD) ?? [];
  if (spoken.length >= 2 || (spoken.some((word) => word.length > 2) && /\p{L}\s+\S+$/u.test(text)))
    return true;
  if (CURRENCY.test(content)) return !/^\d+(?: [A-Z])+$/.test(content);
  if (/^\d+\)$/.test(content)) return opensNext(after);
  return !isBalanced(content);
}

/** Whether a closing dollar may have a digit after it, as in `$\sim$10`. @param {string} content */
function mayPrecedeDigit(content) {
  if (/^[-+]\d[\d.,]*[\s,;]/.test(content)) return false; // a price with its sign
  if (COMMAND.test(content) || /[-+=<>~∼≈≤≥±×*/:(|→]$/.test(content)) return true;
  return /^[A-Za-z\u0391-\u03F6]$/.test(content) || (/[\^_]/.test(content) && !/^\d/.test(content));
}

/** Whether the character after a dollar makes that dollar open something rather than close it. @param {string} after */
const opensNext = (after) => /[\w({[\\$]/.test(after);

/** Whether this is a variable of a shell or a programme and the sign between it and the next one. @param {string} content @param {string} after */
function isVariable(content, after) {
  if (!opensNext(after)) return false;
  if (content.includes('&&')) return true;
  if (/^[A-Za-z]-$/.test(content) && /[a-z]/.test(after)) return false; // `$k-$means`
  if (/^[A-Za-z_]\w+(?:[/.]\w+)*[:/]$/.test(content)) return true;
  if (/^(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\}|\([a-z]+\))[^\w\s(){}<>+'^*]+$/.test(content)) return true;
  return /^(?:[A-Z]|_+[A-Z])[A-Z0-9_]+$/.test(content) && /[A-Z_]/.test(after);
}

/** @param {string} text */
function isProse(text) {
  if (/^[A-Za-z][（(][^()（）]*[)）]$/.test(text.trim())) return false;
  if ((hasHanWords(text) || (HAN.test(text) && !/[A-Za-z\d]/.test(text))) && !/[=<>+*/^_≤≥≈]/.test(text))
    return true;
  return words(text) >= 3 && STOP_WORD.test(text) && !/[=^_]/.test(text);
}

/** Whether brackets close, round or square alike, and braces. @param {string} content */
function isBalanced(content) {
  let depth = 0;
  let braces = 0;
  for (const [sign] of content.matchAll(/\\[^]|[()[\]{}]/g)) {
    if (sign === '(' || sign === '[') depth += 1;
    if (sign === ')' || sign === ']') depth -= 1;
    if (sign === '{') braces += 1;
    if (sign === '}') braces -= 1;
    if (braces < 0 || (depth < 0 && !content.startsWith(']'))) return false;
  }
  return depth <= 0 && braces === 0 && !hasLoneBar(content);
}

/** Whether a bar at an edge has no partner: the edge of a table's cell, or an alternative. @param {string} content */
function hasLoneBar(content) {
  return /^\|[A-Za-z\d^]|[A-Za-z\d]\|$/.test(content) && content.split('|').length % 2 === 0;
}

/**
 * Whether `$$tex$$` is mathematics.
 * @param {string} tex
 */
export function isDisplayMath(tex) {
  const text = bare(withoutComments(tex));
  if (/^[.…\s]*$/.test(text)) return /\\/.test(tex);
  if (COMMAND.test(text)) return true;
  if (/\n[ \t]*\n/.test(text) && !SIGN.test(text)) return false;
  if (SIGN.test(text)) return !(STOP_WORD.test(text) && words(text) >= 3);
  return !STOP_WORD.test(text) && !HAN.test(text) && words(text.replace(FUNCTION, '')) < 2;
}

/**
 * Whether `\(tex\)` or `\[tex\]` in Markdown is mathematics, and not brackets that somebody escaped.
 * @param {string} tex
 * @param {boolean} display
 * @param {boolean} alone whether nothing else stands on its lines
 * @param {string} before the character before the first bracket, or ''
 */
export function isBracketMath(tex, display, alone, before) {
  const content = withoutComments(tex.trim()).trim();
  if (content === '') return false;
  if (/^(?:https?:|www\.|mailto:|[./#])\S*$/.test(content)) return false;
  if (display && !alone && (/^[\d\s,;–-]+$/.test(content) || /^[xX]$/.test(content))) return false;
  if (display && !alone && (LABEL.test(content) || LABEL_OF_PARTS.test(content))) return false;
  if (display && SURE_LABEL.test(content)) return false;
  if (!/[\p{L}\p{N}=<>+*∞∅-]/u.test(content)) return false;
  const text = bare(content);
  if (COMMAND.test(text)) return true;
  if (display && /\w/.test(before) && !SIGN.test(text)) return false; // an index
  const prose = text.replace(FUNCTION, '');
  if (ABBREVIATION.test(text) || /(?<![\\A-Za-z])et al(?![A-Za-z])/.test(text)) return false;
  if (HAN.test(prose) && !/[=<>+*/^_]/.test(prose)) return false;
  if (/[a-z]{3}/.test(prose) && !SIGN.test(prose)) return false;
  return !(STOP_WORD.test(prose) && words(prose) >= 2);
}

/**
 * Whether a text that breaks off after an opening delimiter may yet become mathematics.
 * @param {string} kind the delimiter, or `begin`
 * @param {string} tail what follows it
 * @param {string} paragraph the same to the end of the paragraph
 * @param {boolean} leads whether it is the first on its line
 */
export function isUnfinishedMath(kind, tail, paragraph, leads) {
  if (kind === 'begin' || tail.trim() === '') return kind !== '$';
  const text = bare(tail);
  const prose = STOP_WORD.test(text) || HAN.test(text) || words(text) >= 3;
  if (kind === '$$' || kind === '\\[')
    return COMMAND.test(bare(paragraph)) || (!prose && (leads || /[\^_=]/.test(paragraph)));
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
