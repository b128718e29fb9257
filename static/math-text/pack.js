/**
 * Puts into this folder what its package needs besides the modules, before `npm pack`, and with `--undo` takes it away
 * again: the libraries with their licences as `vendor`, the project's licence, and `vendor` as the place where
 * libraries.js finds them.
 */

import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

const here = (/** @type {string} */ name) => new URL(name, import.meta.url);
const OURS = here('../vendor/');
const PACKED = here('vendor/');
const MODULES = here('../../node_modules/');
const SETTING = here('libraries.js');
/** Of the folder of libraries, what other pages use. */
const UNNEEDED = /^(?:swagger-ui|qrcode\..*|\.copied)$/;
const PACKAGES = ['marked', 'dompurify', 'mathjax', '@mathjax/mathjax-newcm-font'];

/** @param {string} from @param {string} to */
function name(from, to) {
  writeFileSync(SETTING, readFileSync(SETTING, 'utf8').replaceAll(`'${from}/`, `'${to}/`));
}

function undo() {
  name('./vendor', '../vendor');
  rmSync(PACKED, { recursive: true, force: true });
  rmSync(here('LICENSE'), { force: true });
}

function prepare() {
  if (!existsSync(OURS) || !existsSync(MODULES))
    throw new Error(
      'The libraries are not there: run `make node_modules/.dev static/vendor/.copied` in the project first.',
    );
  undo();
  cpSync(OURS, PACKED, { recursive: true, filter: (file) => !UNNEEDED.test(basename(file)) });
  for (const library of PACKAGES) {
    const folder = new URL(`${library}/`, MODULES);
    for (const file of readdirSync(folder).filter((found) => /^licen[cs]e/i.test(found)))
      cpSync(new URL(file, folder), new URL(`licences/${library.replace('/', '-')}-${file}`, PACKED));
  }
  cpSync(here('../../LICENSE'), here('LICENSE'));
  name('../vendor', './vendor');
}

if (process.argv.includes('--undo')) undo();
else prepare();
