/**
 * A page translator for the tests, meaner than those in browsers: it listens to every change, translates words letter
 * by letter, code and attributes too, in several requests that come back out of order, and shuffles what it may not
 * translate within its sentence. It honours translate="no" (which a translate="yes" below undoes) and notranslate.
 *
 * window.__translate: start(options), stop(), idle(ms), stats(), fake(text), unfake(text). A word w becomes ‹w›.
 */
(() => {
  /** @typedef {{reorder: boolean, inPlace: boolean, slowest: number}} Options */
  /** @type {Options} */
  const options = { reorder: true, inPlace: false, slowest: 120 };
  const counts = { sentences: 0, texts: 0, inMath: 0, attributes: 0, moved: 0 };
  const LEFT_ALONE = 'script, style, textarea, select, input, svg, math, title, head, noscript, template';
  const BLOCKS = /^(?:block|list-item|table|table-cell|table-row|flex|grid|flow-root)/;
  const ATTRIBUTES = ['title', 'alt', 'aria-label', 'placeholder'];

  /** Nodes that hold a translation. @type {WeakSet<Node>} */
  const done = new WeakSet();
  /** @type {MutationObserver | null} */
  let observer = null;
  let pending = 0;
  let last = 0;

  const fake = (/** @type {string} */ text) => text.replace(/[\p{L}\p{N}\p{M}]+/gu, '‹$&›');
  const unfake = (/** @type {string} */ text) => text.replace(/[‹›]/g, '');
  const hasWords = (/** @type {string} */ text) => /\p{L}/u.test(text);

  /** @param {Element | null} element */
  function isClosed(element) {
    if (!element || element.closest(LEFT_ALONE) || element.closest('.notranslate')) return true;
    const said = element.closest('[translate]');
    return said?.getAttribute('translate') === 'no';
  }

  /** Sentences: runs of texts and untranslatable things within one block. @param {Node} root */
  function sentencesIn(root) {
    /** @type {{texts: Text[], fixed: Element[]}[]} */
    const sentences = [];
    let sentence = { texts: /** @type {Text[]} */ ([]), fixed: /** @type {Element[]} */ ([]) };
    const end = () => {
      if (sentence.texts.length > 0) sentences.push(sentence);
      sentence = { texts: [], fixed: [] };
    };
    /** @param {Node} node */
    const visit = (node) => {
      if (node instanceof Text) {
        if (!done.has(node) && hasWords(node.data) && !isClosed(node.parentElement))
          sentence.texts.push(node);
      } else if (node instanceof Element) {
        if (done.has(node)) return;
        const block = node.tagName === 'BR' || BLOCKS.test(getComputedStyle(node).display);
        if (block) end();
        if (isClosed(node)) {
          // Something open may lie within, unless the class above it closes it for good.
          if (!block) sentence.fixed.push(node);
          if (!node.closest('.notranslate'))
            for (const open of node.querySelectorAll('[translate="yes"]')) visit(open);
        } else {
          for (const name of ATTRIBUTES) translateAttribute(node, name);
          for (const child of [...node.childNodes]) visit(child);
        }
        if (block) end();
      }
    };
    visit(root);
    end();
    return sentences;
  }

  /** @param {Element} element @param {string} name */
  function translateAttribute(element, name) {
    const value = element.getAttribute(name);
    if (!value || !hasWords(value) || value.includes('‹')) return;
    element.setAttribute(name, fake(value));
    counts.attributes += 1;
  }

  /** @param {Node} root */
  function translate(root) {
    last = performance.now();
    if (!root.isConnected) return;
    for (const { texts, fixed } of sentencesIn(root)) {
      counts.sentences += 1;
      for (const text of texts) replace(text);
      if (options.reorder && fixed.length > 0) shuffle(fixed);
    }
  }

  /** @param {Text} text */
  function replace(text) {
    const parent = text.parentElement;
    if (!parent) return;
    if (parent.closest('.math, mjx-container')) counts.inMath += 1;
    counts.texts += 1;
    if (options.inPlace) {
      done.add(text);
      text.data = fake(text.data);
      return;
    }
    const outer = document.createElement('font');
    // A sentence comes back in pieces, each in an element of its own.
    for (const piece of fake(text.data).split(/(?<=[,;]\s)/u)) {
      const inner = document.createElement('font');
      inner.append(piece);
      outer.append(inner);
      for (const node of [inner, ...inner.childNodes]) done.add(node);
    }
    done.add(outer);
    text.replaceWith(outer);
  }

  /** The order of words differs between languages: the last thing of a sentence is said first. @param {Element[]} fixed */
  function shuffle(fixed) {
    const [first] = fixed;
    for (const element of fixed.slice(1)) {
      if (element.parentNode !== first.parentNode) continue;
      first.before(element);
      counts.moved += 1;
    }
    const before = first.previousSibling;
    if (before && done.has(before)) before.before(first);
  }

  /** @param {Node} node */
  function later(node) {
    pending += 1;
    last = performance.now();
    const work = () => {
      pending -= 1;
      translate(node);
    };
    // Some answers are there at once, before the page's own next step; others are late.
    if (pending % 3 === 0) queueMicrotask(work);
    else setTimeout(work, Math.random() * options.slowest);
  }

  /** @param {MutationRecord[]} records */
  function changed(records) {
    for (const { type, target, addedNodes } of records) {
      if (type === 'childList') {
        for (const node of addedNodes) if (!done.has(node)) later(node);
      } else if (target instanceof Text) {
        if (target.data.includes('‹')) continue;
        done.delete(target);
        if (target.parentNode) done.delete(target.parentNode);
        later(target);
      } else if (!isClosed(/** @type {Element} */ (target))) later(target);
    }
  }

  Object.assign(window, {
    __translate: {
      fake,
      unfake,
      stats: () => ({ ...counts, pending }),
      start(/** @type {Partial<Options>} */ wanted = {}) {
        Object.assign(options, wanted);
        document.documentElement.classList.add('translated-rtl');
        document.documentElement.lang = 'zh-CN';
        observer = new MutationObserver(changed);
        observer.observe(document.documentElement, {
          subtree: true,
          childList: true,
          characterData: true,
          attributes: true,
          attributeFilter: ['class', 'translate', 'lang'],
        });
        later(document.body);
      },
      stop() {
        observer?.disconnect();
        observer = null;
      },
      async idle(quiet = 300) {
        while (pending > 0 || performance.now() - last < quiet)
          await new Promise((resolve) => setTimeout(resolve, 30));
      },
    },
  });
})();
