/**
 * The bar above a list: another order is shown once it is chosen, and the calendar opens over the list.
 *
 * The calendar is a page of the server; without this module its link leads there.
 */

import { keep } from '../page/local-settings.js';

/** @type {HTMLElement | null} */
const calendar = document.getElementById('calendar');
const opener = /** @type {HTMLAnchorElement | null} */ (document.getElementById('calendar-open'));

/** Shows a month over the list, or the page itself where it can't be fetched. @param {string} href */
async function showMonth(href) {
  if (!calendar) return;
  try {
    const response = await fetch(href, { headers: { accept: 'text/html' } });
    if (!response.ok) throw new Error(String(response.status));
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const month = page.getElementById('month');
    if (!month) throw new Error('no month');
    calendar.replaceChildren(document.adoptNode(month));
    const day = new URL(location.href).searchParams.get('date');
    month
      .querySelector(`time[datetime="${CSS.escape(day ?? '')}"]`)
      ?.parentElement?.setAttribute('aria-current', 'date');
    calendar.showPopover();
    calendar.focus();
  } catch (error) {
    console.warn(`${href}: ${error}`);
    location.assign(href);
  }
}

/** @param {MouseEvent} event */
const isPlain = (event) => !event.ctrlKey && !event.metaKey && !event.shiftKey;

opener?.addEventListener('click', (event) => {
  if (!isPlain(event)) return;
  event.preventDefault();
  if (calendar?.matches(':popover-open')) calendar.hidePopover();
  else void showMonth(opener.href);
});
calendar?.addEventListener('click', (event) => {
  const link =
    event.target instanceof Element &&
    /** @type {HTMLAnchorElement | null} */ (event.target.closest('.months a'));
  if (!link || !isPlain(event)) return;
  event.preventDefault();
  void showMonth(link.href);
});
calendar?.addEventListener('toggle', (event) => {
  const isInside = calendar.contains(document.activeElement) || document.activeElement === document.body;
  if (/** @type {ToggleEvent} */ (event).newState === 'closed' && isInside) opener?.focus();
});
document.getElementById('by')?.addEventListener('change', ({ target }) => {
  const { form, value } = /** @type {HTMLSelectElement} */ (target);
  try {
    keep('by', value === 'words' ? value : null);
  } catch (error) {
    console.warn(error); // this browser keeps nothing: the choice is for this search
  }
  form?.requestSubmit();
});
document.getElementById('sort')?.addEventListener('change', ({ target }) => {
  const { form, selectedOptions } = /** @type {HTMLSelectElement} */ (target);
  const [option] = selectedOptions;
  // Orders that only the browser knows, and the one that the list came in, are order.js's to show.
  if (!('here' in option.dataset) && !option.defaultSelected) form?.requestSubmit();
});
