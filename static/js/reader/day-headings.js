/** The headings of days in a list, when some of its papers are hidden. */

/** A day's heading stands only above papers. */
export function hideEmptyDays() {
  /** @type {HTMLElement | null} */
  let heading = null;
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('#papers > *'))) {
    if (element.matches('.day')) {
      heading = element;
      heading.hidden = true;
    } else if (heading && !element.hidden) {
      heading.hidden = false;
      heading = null;
    }
  }
}
