/**
 * MathJax's own menu on every formula, by right click and by keyboard. MathJax would keep an item for each formula
 * of a page so that its menu can open; here the item is made when a reader asks.
 */

import { isExploring, isLoaded, mathDocument } from './mathjax.js';
import { tagsAside } from './numbering.js';
import { newItem } from './typeset.js';

const OPENING = new Set([' ', 'Enter', 'ContextMenu', 'F10']); // the keys that a menu may open by
const DRAWN = 150; // the point in MathJax's order of actions where the menu may be added

/** @type {WeakSet<Element>} */
const served = new WeakSet();

/**
 * Serves every formula of a page, those to come too.
 * @param {Document} page
 */
export function serveMenus(page) {
  // In the capture phase: the listeners that MathJax adds to the formula now are met by this very event.
  page.addEventListener('contextmenu', attach, true);
  page.addEventListener('keydown', (event) => OPENING.has(event.key) && attach(event), true);
  page.addEventListener('keydown', openByEnter);
  page.addEventListener('mousedown', (event) => zooms() && attach(event), true);
}

/** @param {Event} event @returns {HTMLElement | null} */
const containerOf = (event) =>
  event.target instanceof Element ? event.target.closest('span.math > mjx-container') : null;

/** Whether the reader has chosen in the menu that a click enlarges a formula. */
const zooms = () => isLoaded() && mathDocument().menu.settings.zoom !== 'NoZoom';

/** @param {Event} event */
function attach(event) {
  const container = containerOf(event);
  if (!container || served.has(container) || !isLoaded() || isExploring()) return;
  served.add(container);
  forgetGone();
  unmark(container);
  const page = mathDocument();
  const span = /** @type {HTMLElement} */ (container.parentElement);
  const item = newItem(span);
  item.inputData.keepsHints = true;
  page.inputJax[0].parseOptions.tags = tagsAside(span);
  item.compile(page);
  item.typesetRoot = container;
  item.state(DRAWN);
  page.menu.addMenu(item);
}

/** A copy of a formula with a menu bears its marks, and MathJax would take it for served. @param {Element} container */
function unmark(container) {
  container.classList.remove(mathDocument().menu.menu.store.attachedClass);
  container.removeAttribute('ctxtmenu_counter');
}

/** Lets go of formulas that have left the page, which MathJax would keep for ever once their menus were opened. */
export function forgetGone() {
  if (!isLoaded()) return;
  const { menu } = mathDocument().menu;
  const isGone = (/** @type {Element | undefined} */ container) => container && !container.isConnected;
  if (menu.store.store.some(isGone)) menu.store.sort(); // keeps what it finds on the page
  if (isGone(menu.store.active)) menu.store._active = null; // its setter looks for null on the page
  if (isGone(menu.mathItem?.typesetRoot)) menu.mathItem = null;
}

/** @param {KeyboardEvent} event */
function openByEnter(event) {
  const container = containerOf(event);
  if (event.key !== 'Enter' || !container || event.target !== container || isExploring()) return;
  mathDocument().menu.menu.post(event);
}
