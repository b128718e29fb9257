/** A reader's own form of citation: a text with names in braces, filled in for each paper. A pure function. */

/** @typedef {{ id: string, version: number | null, title: string, abstract: string, authors: { name: string, family: string | null }[], categories: string[], announced: string | null, published: string | null, comment: string | null, doi: string | null, journal_ref: string | null }} Paper as the API gives it */

/** @param {string} text */
const oneLine = (text) => text.replace(/\s+/g, ' ').trim();

/** @param {Paper} paper */
function day({ id, published, announced }) {
  const told = (published ?? announced)?.slice(0, 10);
  if (told) return told;
  const [, year, month] = /^(?:.*\/)?(\d\d)(\d\d)/.exec(id) ?? [];
  return year ? `${Number(year) > 90 ? 19 : 20}${year}-${month}` : '';
}

/** @type {Record<string, (paper: Paper) => string>} */
const FIELDS = {
  title: ({ title }) => oneLine(title),
  authors: ({ authors }) => authors.map(({ name }) => name).join(', '),
  first_author: ({ authors }) => authors[0]?.family ?? authors[0]?.name ?? '',
  year: (paper) => day(paper).slice(0, 4),
  date: day,
  id: ({ id }) => id,
  version: ({ version }) => (version ? `v${version}` : ''),
  url: ({ id }) => (id.startsWith('quire/') ? '' : `https://arxiv.org/abs/${id}`),
  pdf: ({ id }) => (id.startsWith('quire/') ? '' : `https://arxiv.org/pdf/${id}`),
  doi: ({ doi }) => doi ?? '',
  journal: ({ journal_ref }) => journal_ref ?? '',
  categories: ({ categories }) => categories.join(', '),
  comment: ({ comment }) => oneLine(comment ?? ''),
  abstract: ({ abstract }) => oneLine(abstract),
};

/** The names that a template may hold. */
export const FIELD_NAMES = Object.keys(FIELDS);

export const EXAMPLE = '{authors}. {title}. {year}. {url}';

/**
 * The template filled in; braces around anything else stay as they are.
 * @param {string} template @param {Paper} paper
 */
export const fillTemplate = (template, paper) =>
  template.replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(FIELDS, name) ? FIELDS[name](paper) : whole,
  );
