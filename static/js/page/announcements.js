/**
 * Announces what happened: one line that everybody sees for a moment, and one that only screen readers speak.
 *
 * The words themselves come with the page, in its language, on the element #words; nothing is worded here.
 */

const SHOWN = 5000; // milliseconds
const SHOWN_WITH_UNDO = 20_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let hiding;

/**
 * A text with its values filled in, as the server does it: {count:,} has commas between thousands, and
 * {count:paper|papers} is a word for one or for more.
 * @param {string} text @param {Record<string, string | number>} values
 */
export function filled(text, values) {
  return text.replace(/\{(\w+)(?::([^{}]*))?\}/g, (whole, key, form = '') => {
    const value = values[key];
    if (value === undefined) return whole;
    const [one, many] = form.split('|');
    if (many !== undefined) return value === 1 ? one : many;
    return form === ',' ? value.toLocaleString('en') : String(value);
  });
}

/**
 * A text of the interface: `word('moreArrived', { count: 25 })` is data-more-arrived with its {count} filled in.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function word(name, values = {}) {
  return filled(document.getElementById('words')?.dataset[name] ?? '', values);
}

/**
 * Shows a line at the foot of the window, and has it spoken; with a button where what was done can be undone.
 * @param {string} text @param {() => unknown} [undo]
 */
export function say(text, undo) {
  const line = document.getElementById('said');
  if (!line) return;
  line.textContent = text;
  if (undo) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = word('undo');
    button.addEventListener('click', () => {
      line.textContent = '';
      undo();
    });
    line.append(' ', button);
  }
  clearTimeout(hiding);
  hiding = setTimeout(
    () => {
      line.textContent = '';
    },
    undo ? SHOWN_WITH_UNDO : SHOWN,
  );
}

/** Has a line spoken and shows nothing: for what can be seen anyway. @param {string} text */
export function announce(text) {
  const line = document.getElementById('heard');
  if (line) line.textContent = text;
}
