/** Citations of papers in the form that the reader chose: one of the server's, or a template of their own. */

import { API } from '../page/base.js';
import { EXAMPLE, fillTemplate } from './citation-template.js';
import { kept, keep } from '../page/local-settings.js';

/** @typedef {'bibtex' | 'ris' | 'csl' | 'markdown' | 'own'} Form */
/** @typedef {{ form: Form, template: string }} Choice */

const TOGETHER = 2000; // ids that the server takes at once
/** @type {Record<Form, { ending: string, type: string }>} */
const FILES = {
  bibtex: { ending: 'bib', type: 'application/x-bibtex' },
  ris: { ending: 'ris', type: 'application/x-research-info-systems' },
  csl: { ending: 'json', type: 'application/json' },
  markdown: { ending: 'md', type: 'text/markdown' },
  own: { ending: 'txt', type: 'text/plain' },
};

/** @returns {Choice} */
export function choice() {
  const { form, template } = kept('citation') ?? {};
  return {
    form: Object.hasOwn(FILES, form) ? form : 'bibtex',
    template: typeof template === 'string' ? template : EXAMPLE,
  };
}

/** @param {Choice} chosen */
export const choose = (chosen) => keep('citation', chosen);

/** The name and media type of a file of citations in the chosen form. */
export const fileForm = () => FILES[choice().form];

/** @param {string} call @param {object} body @returns {Promise<Response>} */
async function ask(call, body) {
  const response = await fetch(new URL(call, API), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${call}: ${response.status}`);
  return response;
}

/**
 * The citations of these papers, in their order.
 * @param {string[]} ids @param {(count: number, total: number) => void} [onProgress] @returns {Promise<string>}
 */
export async function citations(ids, onProgress = () => undefined) {
  const { form, template } = choice();
  const parts = [];
  for (let start = 0; start < ids.length; start += TOGETHER) {
    const some = ids.slice(start, start + TOGETHER);
    if (form === 'own') {
      const { items } = await (await ask('papers', { ids: some })).json();
      parts.push(...items.map((/** @type {any} */ paper) => `${fillTemplate(template, paper)}\n`));
    } else parts.push(await (await ask('cite', { ids: some, format: form })).text());
    if (ids.length > TOGETHER) onProgress(start + some.length, ids.length);
  }
  if (form === 'csl' && parts.length > 1)
    return JSON.stringify(
      parts.flatMap((part) => JSON.parse(part)),
      null,
      1,
    );
  return parts.join('');
}
