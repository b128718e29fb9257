/**
 * What siunitx, physics and booktabs let authors write and no macro of MathJax can read: optional arguments, arguments in
 * parentheses, numbers and units with a grammar of their own. It gives back TeX that MathJax knows; commands that take
 * plain arguments stand in author-macros.js.
 */

import { matchAt } from './markdown-outline.js';
import { endOfGroup, readArguments } from './tex-groups.js';

/** @typedef {{tex: string, end: number}} Rewritten what a command stands for, and where its arguments end */

const COMMAND =
  /\\(num|ang|unit|si|qty|SI|numlist|numrange|numproduct|SIlist|qtylist|SIrange|qtyrange|qtyproduct|quantity|mqty|matrixquantity|smqty|dv|od|odv|derivative|pdv|pd|partialderivative|fdv|functionalderivative|dd|differential|bra|braket|expval|ev|expectationvalue|cmidrule|addlinespace|specialrule|toprule|midrule|bottomrule|hdotsfor|ch|chem|cf|isotope)(?![A-Za-z])/g;
/** Commands of which the starred form differs in size alone. */
const STARRED =
  /\\(abs|norm|floor|ceil|order|eval|comm|acomm|pb|vb|va|vu|bra|ket|braket|ketbra|dyad|ip|mel|expval|ev|SI|qty|hspace|vspace)\*/g;
const OPTION = /\s*\[([^[\]]{0,200})\]/y;
const MOST = 500;
const LONGEST = 20_000;
const CLOSING = /** @type {Record<string, string>} */ ({ '(': ')', '[': ']', '|': '|' });
const MATRICES = /** @type {Record<string, string>} */ ({ '(': 'p', '[': 'b', '|': 'v', '{': '' });

const PREFIXES = letters(
  'quecto q ronto r yocto y zepto z atto a femto f pico p nano n micro μ milli m centi c deci d deca da deka da hecto h kilo k mega M ' +
    'giga G tera T peta P exa E zetta Z yotta Y ronna R quetta Q kibi Ki mebi Mi gibi Gi tebi Ti pebi Pi',
);
const UNITS = {
  ...letters(
    'meter m metre m second s gram g kilogram kg ampere A kelvin K mole mol candela cd hertz Hz newton N pascal Pa joule J watt W ' +
      'volt V ohm Ω farad F tesla T henry H coulomb C weber Wb siemens S lumen lm lux lx becquerel Bq gray Gy sievert Sv katal kat ' +
      'electronvolt eV eV eV litre L liter L l l L L minute min hour h day d degreeCelsius °C celsius °C degree ° arcminute ′ ' +
      'arcsecond ″ radian rad steradian sr decibel dB bel B neper Np bit bit byte B percent \\% dalton Da atomicmassunit u ' +
      'astronomicalunit au molar M ppm ppm rpm rpm calorie cal parsec pc gauss G erg erg debye D torr Torr psi psi clight c ' +
      'planckbar ħ elementarycharge e electronmass m_e bohr a_0 hartree E_h hectare ha tonne t angstrom Å bar bar barn b mmHg mmHg atm atm knot kn year yr cal cal ' +
      'fg fg pg pg ng ng ug μg mg mg g g kg kg pm pm nm nm um μm mm mm cm cm dm dm m m km km as as fs fs ps ps ns ns us μs ms ms s s ' +
      'fmol fmol pmol pmol nmol nmol umol μmol mmol mmol mol mol kmol kmol pA pA nA nA uA μA mA mA A A kA kA ul μL ml mL hl hL ' +
      'uL μL mL mL mHz mHz Hz Hz kHz kHz MHz MHz GHz GHz THz THz mN mN N N kN kN MN MN Pa Pa kPa kPa MPa MPa GPa GPa mohm mΩ kohm kΩ ' +
      'Mohm MΩ pV pV nV nV uV μV mV mV V V kV kV nW nW uW μW mW mW W W kW kW MW MW GW GW J J uJ μJ mJ mJ kJ kJ meV meV keV keV MeV MeV ' +
      'GeV GeV TeV TeV kWh kWh fF fF pF pF nF nF uF μF F F H H mH mH uH μH C C K K T T mT mT Wb Wb dB dB rad rad Bq Bq Gy Gy Sv Sv',
  ),
};

/**
 * A formula's TeX with what MathJax knows in the place of these packages' commands; of many, of the first ones. What is
 * longer than any formula stays as it is.
 * @param {string} tex
 * @returns {string}
 * @example withoutPackages('\\qty{5}{\\metre\\per\\second}') // '{5\\,\\mathrm{m\\,s^{-1}}}'
 */
export function withoutPackages(tex) {
  if (tex.length > LONGEST) return tex;
  tex = tex.replace(STARRED, '\\$1');
  COMMAND.lastIndex = 0;
  for (let count = 0, match = COMMAND.exec(tex); match && count < MOST; match = COMMAND.exec(tex)) {
    const [whole, name] = match;
    const found = rewritten(name, tex, match.index + whole.length);
    count += 1;
    if (!found) continue;
    tex = tex.slice(0, match.index) + found.tex + tex.slice(found.end);
    if (tex.length > LONGEST) break;
    COMMAND.lastIndex = match.index; // what was an argument may hold further ones
  }
  return tex;
}

/** @param {string} name @param {string} tex @param {number} at where its arguments begin @returns {Rewritten | null} */
function rewritten(name, tex, at) {
  switch (name) {
    case 'qty':
    case 'quantity':
      return quantity(tex, at) ?? bracketed(tex, at);
    case 'mqty':
    case 'matrixquantity':
      return bracketed(tex, at, 'matrix');
    case 'smqty':
      return bracketed(tex, at, 'smallmatrix');
    case 'dv':
    case 'od':
    case 'odv':
    case 'derivative':
      return derivative(tex, at, '\\mathrm{d}', 2);
    case 'fdv':
    case 'functionalderivative':
      return derivative(tex, at, '\\delta', 2);
    case 'pdv':
    case 'pd':
    case 'partialderivative':
      return derivative(tex, at, '\\partial', 3);
    case 'dd':
    case 'differential':
      return differential(tex, at);
    case 'bra':
      return withKet(tex, at);
    case 'braket':
      return twoGroups(tex, at, ([left, right]) => `\\left\\langle ${left}\\middle|${right}\\right\\rangle`);
    case 'expval':
    case 'ev':
    case 'expectationvalue':
      return (
        twoGroups(tex, at, ([of, state]) =>
          state.length < 100 ? `\\left\\langle ${state}\\middle|${of}\\middle|${state}\\right\\rangle` : '',
        ) ?? withArguments(tex, at, 1, ([of]) => `\\left\\langle ${of}\\right\\rangle`)
      );
    case 'ch':
    case 'chem':
    case 'cf':
      return /^\s*\{[A-Z\d]/.test(tex.slice(at, at + 20)) ? { tex: '\\ce', end: at } : null;
    case 'isotope':
      return isotope(tex, at);
    case 'hdotsfor':
      return withArguments(tex, at, 1, ([columns]) =>
        Array(Math.min(30, Number(columns) || 1))
          .fill('\\dots')
          .join('&'),
      );
    default:
      return rule(name, tex, at) ?? measured(name, tex, at);
  }
}

/** Rules of a table: as lines over its whole width, or not at all. @param {string} name @param {string} tex @param {number} at @returns {Rewritten | null} */
function rule(name, tex, at) {
  const arguments_ = {
    toprule: /(?:\[[^\]]{0,20}\])?/y,
    midrule: /(?:\[[^\]]{0,20}\])?/y,
    bottomrule: /(?:\[[^\]]{0,20}\])?/y,
    specialrule: /(?:\{[^{}]{0,20}\}){3}/y,
    addlinespace: /(?:\[[^\]]{0,20}\])?/y,
    cmidrule: /(?:\[[^\]]{0,20}\])?(?:\([^()]{0,40}\))?\{[^{}]{0,20}\}/y,
  };
  const pattern = Object.hasOwn(arguments_, name) ? arguments_[/** @type {'toprule'} */ (name)] : null;
  if (!pattern || !matchAt(pattern, tex, at)) return null;
  return { tex: /rule$/.test(name) && name !== 'cmidrule' ? '\\hline ' : '', end: pattern.lastIndex };
}

/** Numbers and units as siunitx sets them. @param {string} name @param {string} tex @param {number} at @returns {Rewritten | null} */
function measured(name, tex, at) {
  const isList = /list$/.test(name);
  const isRange = /range$/.test(name);
  const hasNumber = !/^(?:unit|si)$/.test(name);
  const hasUnit = /^(?:unit|si|SI|qty)/.test(name);
  const { options, end } = option(tex, at);
  const count = Number(hasUnit) + (hasNumber ? (isRange ? 2 : 1) : 0);
  return withArguments(tex, end, count, (values) => {
    const unit = hasUnit ? unitOf(values[count - 1], options) : '';
    if (name === 'ang') return angle(values[0]);
    if (!hasNumber) return `{${unit}}`;
    const numbers = isRange ? values.slice(0, 2) : isList ? values[0].split(';') : [values[0]];
    const last = isRange ? '\\text{ to }' : '\\text{ and }';
    const each = numbers.map((number) => numberOf(number) + (unit && `\\,${unit}`));
    return `{${each.length > 1 ? `${each.slice(0, -1).join('\\text{, }')}${last}${each.at(-1)}` : each[0]}}`;
  });
}

/** `\\qty` of siunitx, which has two groups; that of physics has one. @param {string} tex @param {number} at */
function quantity(tex, at) {
  const { end } = option(tex, at);
  return groupsAt(tex, end, 2) ? measured('qty', tex, at) : null;
}

/**
 * A number as siunitx reads it: an exponent after `e`, digits in threes where there are five or more.
 * @param {string} given
 * @returns {string}
 */
function numberOf(given) {
  const number = given.replace(/[\s~]+/g, '');
  if (/\dx[-+\d.]/.test(number)) return number.split('x').map(numberOf).join('\\times ');
  const parts =
    /^([<>=]*|\\[a-z]+)([-+]?)(\d*)(?:[.,](\d+))?(\(\d+\))?(?:(?:\+-|\\pm)(\d[\d.]*))?(?:[eEdD]([-+]?\d+))?$/.exec(
      number,
    );
  if (!parts) return `{${given}}`;
  const [, compared, sign, whole, decimals, uncertain = '', spread, power] = parts;
  const mantissa =
    sign + threes(whole, whole.length % 3) + (decimals ? `.${threes(decimals, 0)}` : '') + uncertain;
  const exponent = power === undefined ? '' : `10^{${power.replace('+', '')}}`;
  const digits =
    spread && power !== undefined
      ? `(${mantissa}\\pm ${spread})`
      : mantissa + (spread ? `\\pm ${spread}` : '');
  return `${compared} ${digits}${digits && exponent ? '\\times ' : ''}${exponent}`.trimStart();
}

/** Digits in groups of three after the first one, which may be shorter. @param {string} digits @param {number} first */
const threes = (digits, first) =>
  digits.length < 5
    ? digits
    : [digits.slice(0, first), ...(digits.slice(first).match(/\d{1,3}/g) ?? [])].filter(Boolean).join('\\,');

/** @param {string} given degrees, minutes and seconds */
function angle(given) {
  const [degrees, minutes, seconds] = given.split(';');
  const part = (/** @type {string | undefined} */ number, /** @type {string} */ sign) =>
    number?.trim() ? numberOf(number) + sign : '';
  return `{${part(degrees, '^{\\circ}')}${part(minutes, "'")}${part(seconds, "''")}}`;
}

/** @param {string} given @param {string} options */
function unitOf(given, options) {
  const withSlash = /per-mode\s*=\s*\{?(?:repeated-)?(?:symbol|fraction|single-symbol)/.test(options);
  const tokens = given.match(/\\[A-Za-z]+\s*|\\[^]|\{(?:[^{}]|\{[^{}]*\})*\}|[^]/g) ?? [];
  let unit = '';
  let power = ''; // what stands before its unit
  let per = false;
  let open = false; // a prefix waits for its unit
  let raised = '';
  const close = () => {
    if (raised || (per && !withSlash)) unit += `^{${per && !withSlash ? '-' : ''}${raised || '1'}}`;
    raised = '';
    per = false;
  };
  let started = false;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index].trim();
    const name = token.slice(1);
    if (token === '') continue;
    if (name === 'per') {
      if (started) close();
      started = false;
      per = true;
      if (withSlash) unit += '/';
    } else if (name === 'square') power = '2';
    else if (name === 'cubic') power = '3';
    else if (name === 'raiseto') power = (tokens[(index += 1)] ?? '').replace(/[{}]/g, '');
    else if (name === 'squared') raised = '2';
    else if (name === 'cubed') raised = '3';
    else if (name === 'tothe') raised = (tokens[(index += 1)] ?? '').replace(/[{}]/g, '');
    else if (name === 'of') unit += `_{${(tokens[(index += 1)] ?? '').replace(/[{}]/g, '')}}`;
    else if (token.startsWith('\\') && (Object.hasOwn(PREFIXES, name) || Object.hasOwn(UNITS, name))) {
      const isPrefix = Object.hasOwn(PREFIXES, name);
      if (!open) {
        const wasPer = per && !started;
        if (!wasPer) close();
        if (unit !== '' && !unit.endsWith('/')) unit += '\\,';
      }
      unit += isPrefix ? PREFIXES[name] : UNITS[name];
      open = isPrefix;
      started = true;
      if (!isPrefix && power) {
        raised = power;
        power = '';
      }
    } else {
      if (started) close();
      started = false;
      unit += token === '.' || token === '~' ? '\\,' : token;
    }
  }
  if (started || raised) close();
  return `\\mathrm{${unit}}`;
}

/** Brackets that grow with what is in them, or a matrix in them. @param {string} tex @param {number} at @param {string} [matrix] @returns {Rewritten | null} */
function bracketed(tex, at, matrix = '') {
  while (tex[at] === ' ' || tex[at] === '*') at += 1;
  const sign = tex[at];
  const end = sign === '{' ? endOfGroup(tex, at + 1) : endOfBracket(tex, at + 1, CLOSING[sign]);
  if (end < 0) return null;
  const inner = tex.slice(at + 1, end - 1);
  if (matrix) {
    const kind = matrix === 'matrix' ? MATRICES[sign] : '';
    const body = `\\begin{${kind}${matrix}}${inner}\\end{${kind}${matrix}}`;
    const isBare = matrix === 'matrix' || sign === '{';
    return { tex: isBare ? body : `\\left${sign}${body}\\right${CLOSING[sign]}`, end };
  }
  const [left, right] = sign === '{' ? ['\\{', '\\}'] : [sign, CLOSING[sign]];
  return { tex: `\\left${left} ${inner}\\right${right}`, end };
}

/** Where a bracket closes that opened before a place, braces and brackets of its kind aside; or -1. @param {string} tex @param {number} from @param {string | undefined} closer */
function endOfBracket(tex, from, closer) {
  if (closer === undefined) return -1;
  const opener = tex[from - 1];
  for (let at = from, depth = 1; at < tex.length; at += 1) {
    if (tex[at] === '\\') at += 1;
    else if (tex[at] === '{') {
      at = endOfGroup(tex, at + 1) - 1;
      if (at < 0) return -1;
    } else if (tex[at] === closer && (depth -= 1) === 0) return at + 1;
    else if (tex[at] === opener && opener !== closer) depth += 1;
  }
  return -1;
}

/** @param {string} tex @param {number} at @param {string} sign @param {number} most @returns {Rewritten | null} */
function derivative(tex, at, sign, most) {
  const isFlat = tex[at] === '*';
  const { options: order, end } = option(tex, isFlat ? at + 1 : at);
  const count = [most, 2, 1].find((groups) => groups <= most && groupsAt(tex, end, groups));
  const read = count ? readArguments(tex, end, count) : null;
  if (!read) return null;
  const { values } = read;
  const of = values.length > 1 ? values[0] : '';
  const by = values.length > 1 ? values.slice(1) : values;
  const power = order ? `^{${order}}` : by.length > 1 ? `^{${by.length}}` : '';
  const over = `${sign}${power} ${of}`;
  const under = by.map((variable) => `${sign} ${variable}${order ? power : ''}`).join('\\,');
  return { tex: isFlat ? `{${over}/${under}}` : `\\frac{${over}}{${under}}`, end: read.end };
}

/** @param {string} tex @param {number} at @returns {Rewritten | null} */
function differential(tex, at) {
  const { options: power, end } = option(tex, at);
  const sign = `\\mathrm{d}${power ? `^{${power}}` : ''}`;
  const read = groupsAt(tex, end, 1) ? readArguments(tex, end, 1) : null;
  return read ? { tex: `\\,${sign} ${read.values[0]}`, end: read.end } : { tex: `${sign} `, end };
}

/** A bra that a ket follows has one bar with it. @param {string} tex @param {number} at @returns {Rewritten | null} */
function withKet(tex, at) {
  const bra = groupsAt(tex, at, 1) ? readArguments(tex, at, 1) : null;
  const ket = bra && /^\s*\\ket\s*(?=\{)/.exec(tex.slice(bra.end, bra.end + 40));
  const read = ket ? readArguments(tex, bra.end + ket[0].length, 1) : null;
  return bra && read
    ? { tex: `\\left\\langle ${bra.values[0]}\\middle|${read.values[0]}\\right\\rangle`, end: read.end }
    : null;
}

/** @param {string} tex @param {number} at @returns {Rewritten | null} */
function isotope(tex, at) {
  const mass = option(tex, at);
  const charge = option(tex, mass.end);
  return withArguments(tex, charge.end, 1, ([element]) => {
    const below = charge.options ? `_{${charge.options}}` : '';
    return `{}^{${mass.options}}${below}\\mathrm{${element}}`;
  });
}

/** @param {string} tex @param {number} at @param {(values: string[]) => string} write '' where it stays as it is @returns {Rewritten | null} */
function twoGroups(tex, at, write) {
  return groupsAt(tex, at, 2) ? withArguments(tex, at, 2, write) : null;
}

/** @param {string} tex @param {number} at @param {number} count @param {(values: string[]) => string} write @returns {Rewritten | null} */
function withArguments(tex, at, count, write) {
  const read = readArguments(tex, at, count);
  const written = read ? write(read.values) : '';
  return read && written ? { tex: written, end: read.end } : null;
}

/** Whether so many brace groups follow, one right after the other. @param {string} tex @param {number} at @param {number} count */
function groupsAt(tex, at, count) {
  for (let group = 0; group < count; group += 1) {
    if (group === 0) while (tex[at] === ' ') at += 1;
    if (tex[at] !== '{') return false;
    at = endOfGroup(tex, at + 1);
    if (at < 0) return false;
  }
  return true;
}

/** @param {string} tex @param {number} at */
function option(tex, at) {
  const found = matchAt(OPTION, tex, at);
  return { options: found?.[1] ?? '', end: found ? OPTION.lastIndex : at };
}

/** Names and signs in turn. @param {string} list @returns {Record<string, string>} */
function letters(list) {
  const words = list.split(' ');
  return Object.fromEntries(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1]]] : [])));
}
