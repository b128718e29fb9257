/** How much of the window's top the bar covers: the style sheet alone says it, as the padding that scrolling leaves. */

/** @returns {number} pixels */
export const covered = () => parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
