/** The dialog that lists all shortcuts; what they do is in reader/shortcuts.js. */

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById('keys'));

export function showKeys() {
  if (dialog && !dialog.open) dialog.showModal();
}

document.getElementById('keys-help')?.addEventListener('click', showKeys);
document.getElementById('keys-close')?.addEventListener('click', () => dialog?.close());
