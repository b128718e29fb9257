/**
 * When the reader was here before, so that the first page can say what is new since. Pure functions.
 *
 * Loads of the page that follow each other within half an hour are one visit.
 */

/** @typedef {{ time: number, day: string }} Visit its last moment (ms since 1970), and the newest day that it saw */
/** @typedef {{ last: Visit | null, current: Visit }} Visits */

const APART = 30 * 60_000; // milliseconds between two visits
const LATEST = 8.64e15; // milliseconds that a Date can have
const DAY = /^\d{4}-\d\d-\d\d$/;

/** @param {any} visit @returns {Visit | null} */
function checked(visit) {
  const { time, day } = visit ?? {};
  const isDay = typeof day === 'string' && DAY.test(day) && !Number.isNaN(Date.parse(day));
  return isDay && typeof time === 'number' && Math.abs(time) <= LATEST ? { time, day } : null;
}

/**
 * The visits after the page was opened now, with this newest day.
 * @param {any} kept what this returned before, or anything @param {number} now @param {string} day @returns {Visits}
 */
export function visited(kept, now, day) {
  const before = checked(kept?.current);
  const isApart = before !== null && now - before.time > APART;
  return { last: isApart ? before : checked(kept?.last), current: { time: now, day } };
}

/** The day after a day, both ISO. @param {string} day */
export function dayAfter(day) {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().slice(0, 10);
}

/**
 * A day such as 23 Nov, with its year where it stands beside a day of another.
 * @param {string} day @param {string} beside @param {string} language
 */
export function shortDay(day, beside, language) {
  const form = new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', {
    day: 'numeric',
    month: language === 'zh' ? 'long' : 'short',
    year: day.slice(0, 4) === beside.slice(0, 4) ? undefined : 'numeric',
    timeZone: 'UTC',
  });
  return form.format(new Date(`${day}T00:00:00Z`));
}

/** A moment as one says it: the weekday and the time within six days, else the date. @param {number} time @param {number} now @param {string} language */
export function sayMoment(time, now, language) {
  const isNear = now - time < 6 * 24 * 3600_000;
  /** @type {Intl.DateTimeFormatOptions} */
  const form = isNear
    ? { weekday: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
    : { day: 'numeric', month: 'long', year: 'numeric' };
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', form)
    .format(time)
    .replace(/ at /, ' ');
}
