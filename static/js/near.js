/**
 * Decides when: what comes near the viewport is worked on, a few at a time, leaving the browser time to draw.
 * It knows nothing of mathematics; whoever waits has `prepare()`, a generator of steps.
 */

/** @typedef {{work: () => Generator<Promise<unknown> | undefined, void>}} Worker */

const MARGIN = '800px 0px';
const SLICE = 12; // milliseconds of work before the browser may draw

/** @type {Set<Element & Worker>} */
const near = new Set();
let running = false;

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      const element = /** @type {Element & Worker} */ (target);
      if (isIntersecting) near.add(element);
      else near.delete(element);
    }
    void run();
  },
  { rootMargin: MARGIN },
);

/** Works on an element once it is near. @param {Element & Worker} element */
export function whenNear(element) {
  observer.observe(element);
}

/** @param {Element & Worker} element */
export function forget(element) {
  observer.unobserve(element);
  near.delete(element);
}

async function run() {
  if (running) return;
  running = true;
  let started = performance.now();
  for (let next = take(); next; next = take()) {
    for (const wait of next.work()) {
      if (wait) await wait;
      else if (performance.now() - started > SLICE) await breathe();
      else continue;
      started = performance.now();
    }
  }
  running = false;
}

function take() {
  const [next] = near;
  if (next) forget(next);
  return next;
}

/** Lets the browser draw and answer the reader. @returns {Promise<void>} */
export function breathe() {
  return new Promise((resolve) => setTimeout(resolve));
}
