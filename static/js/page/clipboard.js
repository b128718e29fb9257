/** Copies a text; pages served without TLS have no clipboard but the old command. @param {string} text */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const box = document.createElement('textarea');
  box.className = 'visually-hidden';
  box.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(box);
  box.select();
  const copied = document.execCommand('copy');
  box.remove();
  focused?.focus({ preventScroll: true });
  if (!copied) throw new Error('the browser did not copy');
}
