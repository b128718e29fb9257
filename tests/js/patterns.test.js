// Every regular expression of the front end takes time in proportion to its input, whatever is repeated in it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const FOLDER = new URL('../../static/', import.meta.url);
const SHORT = 600;
const MOST_WORDS = 100;

// A literal stands where a value may begin, and ends where an expression goes on.
const LITERAL =
  /(?<=[=(,:?!&|;[{}]\s*|return )\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+)\/([dgimsuvy]*)(?=\s*[.,;)\]}?:&|]|\s*$)/gm;

/** @param {string} file */
function patternsOf(file) {
  const source = readFileSync(new URL(file, FOLDER), 'utf8').replace(/^ *(\/?\*|\/\/).*$/gm, '');
  return [...source.matchAll(LITERAL)].map(([, body, flags]) => new RegExp(body, flags));
}

/** What to repeat: characters that the pattern names, a few more, and pairs of them. @param {RegExp} pattern */
function wordsOf({ source }) {
  const named = [...source.replace(/\(\?[:=!<]*|\\p\{\w+\}/g, '')];
  const signs = [...new Set(['a', '0', ' ', '\n', ...named.filter((sign) => !/[a-z0-9]/i.test(sign))])];
  const letters = [...new Set(named.filter((sign) => /[a-z]/i.test(sign)))].slice(0, 6);
  const pairs = signs.flatMap((first) =>
    signs.filter((sign) => sign !== first).map((second) => first + second),
  );
  return [...signs, ...letters, ...pairs].slice(0, MOST_WORDS);
}

/** Milliseconds of the fastest of some runs. @param {RegExp} pattern @param {string} text @param {number} [count] */
function time(pattern, text, count = 2) {
  const runs = Array.from({ length: count }, () => {
    pattern.lastIndex = 0;
    const begun = performance.now();
    if (pattern.global) text.replace(pattern, '');
    else pattern.exec(text);
    return performance.now() - begun;
  });
  return Math.min(...runs);
}

const FAIR = time(/^[^]*$/, 'a'.repeat(4 * SHORT));

/** The word whose repetition takes more than its share. @param {RegExp} pattern */
function grows(pattern) {
  for (const word of wordsOf(pattern)) {
    for (const end of ['', '\0']) {
      /** @param {number} length */
      const text = (length) => word.repeat(length / word.length) + end;
      const longer = time(pattern, text(4 * SHORT));
      if (longer < 100 * FAIR || longer < 8 * time(pattern, text(SHORT))) continue;
      // Looked at again before it is blamed: other programs take the processor in between.
      if (time(pattern, text(16 * SHORT), 20) > 10 * time(pattern, text(4 * SHORT), 20)) return word + end;
    }
  }
  return null;
}

test('the measure finds a pattern that is slow and clears one that is not', () => {
  assert.notEqual(grows(/(?:\s|\\[,;:! ])+$/), null);
  assert.equal(grows(/^(?:a|b)+c/), null);
});

for (const file of readdirSync(FOLDER, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.js') && !name.startsWith('vendor'))) {
  const patterns = patternsOf(file);
  if (patterns.length)
    test(`no pattern of ${file} takes more than its share`, () => {
      for (const pattern of patterns) assert.equal(grows(pattern), null, String(pattern));
    });
}
