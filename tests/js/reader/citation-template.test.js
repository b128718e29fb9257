import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FIELD_NAMES, fillTemplate } from '../../../static/js/reader/citation-template.js';

const PAPER = {
  id: '2401.12345',
  version: 2,
  title: 'On\n  zeros',
  abstract: 'We $1 count.',
  authors: [
    { name: 'Emmy Noether', family: 'Noether' },
    { name: 'A. Author', family: null },
  ],
  categories: ['math.NT'],
  announced: '2024-01-23',
  published: null,
  comment: null,
  doi: '10.1/x',
  journal_ref: null,
};

test('names in braces are filled in, and nothing else is touched', () => {
  assert.equal(
    fillTemplate('{authors} ({year}): {title}, {url}{version} {doi}', PAPER),
    'Emmy Noether, A. Author (2024): On zeros, https://arxiv.org/abs/2401.12345v2 10.1/x',
  );
  assert.equal(
    fillTemplate('{first_author} {nothing} {constructor} {{title}}', PAPER),
    'Noether {nothing} {constructor} {On zeros}',
  );
  assert.equal(fillTemplate('{abstract}', PAPER), 'We $1 count.');
});

test('what a paper lacks is empty, and the year of an old id is known', () => {
  const bare = { ...PAPER, id: 'math/0211159', authors: [], announced: null, version: null, doi: null };
  for (const name of FIELD_NAMES) assert.equal(typeof fillTemplate(`{${name}}`, bare), 'string');
  assert.equal(fillTemplate('{year} {date}|{first_author}|{journal}|', bare), '2002 2002-11|||');
});
