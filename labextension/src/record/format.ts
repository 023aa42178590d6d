/**
 * Number formats, as the html and text views have them (`qwq_nb/core/formats.py`): `−` is minus, `–` a range or a
 * missing value; thousands have commas; a unit stands behind one space.
 */
import { RunRecord, SubsetRow } from './record';
import { inWords, Json } from './values';
import { Outcome, outcomeWords } from './vocabulary';

/** From here on a number is written as 1.2e300: its digits would say no more, and fill the line. */
const HUGE = 1e15;

/** Kept: making one takes longer than all else that a line of the list needs. */
const formats = new Map<number, Intl.NumberFormat>();

/** What stands where a number is not known. */
export const UNKNOWN = '–';

/** The head of a column of intervals. */
export const CI = '95 % CI';

const MINUS = '−';

/**
 * Every number that is drawn is rounded here, as `number` of `core/formats.py` does it: halves away from 0, of what
 * the number is in decimal (95.35 to 95.4). 15 digits are read, which all binary numbers have.
 */
export function number(value: number | null, digits = 0): string {
  if (value === null || !Number.isFinite(value)) {
    return UNKNOWN;
  }
  if (Math.abs(value) >= HUGE) {
    return value.toExponential(1).replace('+', '').replace('-', MINUS);
  }
  let format = formats.get(digits);
  if (format === undefined) {
    format = new Intl.NumberFormat('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits
    });
    formats.set(digits, format);
  }
  const text = format.format(Number(value.toPrecision(15)));
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text.replace('-', MINUS);
}

export function percent(share: number | null, digits = 1): string {
  return isKnown(share) ? `${number(100 * share, digits)} %` : UNKNOWN;
}

export function isKnown(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

/** The ends of a range: `88.6–100.0`; with `to` where an end is signed: `−6.0 to +0.6`. */
export function rangeOf(low: string, high: string): string {
  const isSigned = /^[+−]/.test(low) || /^[+−]/.test(high);
  return isSigned ? `${low} to ${high}` : `${low}–${high}`;
}

/** The interval of a share: `55.2–95.3 %`; `exact` where it has no width. */
export function interval(low: number | null, high: number | null): string {
  if (!isKnown(low) || !isKnown(high)) {
    return UNKNOWN;
  }
  return low === high
    ? 'exact'
    : `${rangeOf(number(100 * low, 1), number(100 * high, 1))} %`;
}

/** The interval of a share with its name: `95 % CI 88.6–100.0 %`. */
export function ci(low: number | null, high: number | null): string {
  return `${CI} ${interval(low, high)}`;
}

/** Decimals of a score that is not 0 or 1. */
const SCORE_DIGITS = 3;

/** The mean of scores that are not 0 or 1: `0.583`. */
export function meanScore(value: number | null): string {
  return number(value, SCORE_DIGITS);
}

/** A row's score: the accuracy in per cent, or the mean of scores that are not 0 or 1. */
export function rowScore(row: SubsetRow): string {
  return row.metric === '' ? percent(row.accuracy) : meanScore(row.mean_score);
}

/** A row's interval; beside an exact one, in brackets, the interval for problems like the benchmark's. */
export function rowInterval(row: SubsetRow): string {
  const [own, similar] = intervalsOf(row);
  return similar === '' ? own : `${own} ${similar}`;
}

/** The two parts of `rowInterval`; the second, in its brackets, may be empty. */
export function intervalsOf(row: SubsetRow): [string, string] {
  const shown = row.metric === '' ? interval : scoreInterval;
  const own = shown(row.ci_low, row.ci_high);
  const similar = shown(row.similar_low, row.similar_high);
  return [own, own === 'exact' && similar !== UNKNOWN ? `(${similar})` : ''];
}

export function scoreInterval(low: number | null, high: number | null): string {
  if (!isKnown(low) || !isKnown(high)) {
    return UNKNOWN;
  }
  return low === high ? 'exact' : rangeOf(meanScore(low), meanScore(high));
}

/** Of what the accuracy of a row `all` is an estimate: `estimated from 200 of 500`; empty where all were asked. */
export function estimatedFrom(row: SubsetRow): string {
  const { n, errors, pending, problems, population } = row;
  const score = row.metric === '' ? row.accuracy : row.mean_score;
  if (population === null || problems === 0 || score === null) {
    return '';
  }
  const whole = Math.round((population * n) / problems);
  if (row.subset !== 'all' || (n >= whole && pending === 0)) {
    return '';
  }
  const answers = n === problems ? '' : ' answers';
  const answered = n - errors - pending - row.awaiting_ruling;
  return `estimated from ${number(answered)} of ${number(whole)}${answers}`;
}

export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${number(n)} ${n === 1 ? noun : plural}`;
}

/** How many answers have an outcome, in plain grammar: `14 wrong`, `1 error`, `3 errors`. */
export function outcomeCount(outcome: Outcome, n: number): string {
  return `${number(n)} ${outcomeWords(outcome, n)}`;
}

/** `12.30`, `0.0312`: two decimals, or three digits of what is less than 1. */
export function money(value: number): string {
  return number(
    value,
    value >= 1 || value <= 0
      ? 2
      : Math.min(2 - Math.floor(Math.log10(value)), 20)
  );
}

const UNNAMED_CURRENCY = 'in the currency of its prices';

/** What the run costs, in the unit of its endpoint's prices; nothing where there are none. */
export function costFacts(record: RunRecord): string[] {
  const cost = record.cost;
  if (cost === null) {
    return [];
  }
  const pending = record.table.some(row => row.pending > 0);
  if (pending && cost.so_far === 0 && cost.expected === null) {
    return []; // nothing is answered yet
  }
  const amount = (value: number): string =>
    `${money(value)} ${cost.currency}`.trimEnd();
  const unit = cost.currency ? '' : ` (${UNNAMED_CURRENCY})`;
  const facts = [
    `cost ${amount(cost.so_far)}${pending ? ' so far' : ''}${unit}`
  ];
  if (pending && cost.expected !== null) {
    facts.push(`about ${amount(cost.expected)} at the end`);
  }
  if (cost.per_correct !== null) {
    facts.push(`${amount(cost.per_correct)} for a correct answer`);
  }
  if (cost.uncounted) {
    facts.push(
      `${count(cost.uncounted, 'answer')} without the server's token count`
    );
  }
  return facts;
}

/**
 * `0.25 s`, `8.2 s`, `3 min 20 s`, `2 h 05 min`.
 *
 * Nothing that is measured takes no time: 0 in a file says that it was not measured.
 */
export function duration(seconds: number | null): string {
  if (!isKnown(seconds) || seconds <= 0) {
    return UNKNOWN;
  }
  if (seconds < 0.01) {
    return '< 0.01 s';
  }
  if (seconds < 59.95) {
    return `${number(seconds, seconds < 0.995 ? 2 : 1)} s`;
  }
  const minutes = Math.floor(Math.round(seconds) / 60);
  const rest = Math.round(seconds) % 60;
  const two = (n: number): string => String(n).padStart(2, '0');
  return minutes < 60
    ? `${minutes} min ${two(rest)} s`
    : `${number(Math.floor(minutes / 60))} h ${two(minutes % 60)} min`;
}

/** An estimate of seconds, no finer than it is known: `about 35 s`, `about 3 min`, `about 1 h 10 min`. */
export function roughDuration(seconds: number | null): string {
  if (!isKnown(seconds) || seconds < 0) {
    return UNKNOWN;
  }
  if (seconds < 5) {
    return 'a few seconds';
  }
  if (seconds < 57.5) {
    return `about ${5 * Math.round(seconds / 5)} s`;
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) {
    return `about ${minutes} min`;
  }
  const tens = 10 * Math.round(seconds / 600);
  const rest = tens % 60;
  return `about ${number(Math.floor(tens / 60))} h${rest ? ` ${rest} min` : ''}`;
}

/** `27 Nov 2026, 15:02 UTC`, of a time in ISO 8601; as it is where it is none. */
export function moment(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) {
    return 'an unknown date';
  }
  const day = time.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: 'UTC'
  });
  return `${day}, ${time.toISOString().slice(11, 16)} UTC`;
}

const SAMPLING = ['temperature', 'top_p', 'top_k', 'min_p', 'max_tokens'];

export function sampling(record: RunRecord): string {
  return listedSettings(record.sampling);
}

/** `temperature 0.6, top_p 0.95`: what is set, in the order in which papers give it. */
export function listedSettings(settings: Json): string {
  const place = (key: string): number =>
    SAMPLING.includes(key) ? SAMPLING.indexOf(key) : SAMPLING.length;
  return Object.entries(settings)
    .sort(([a], [b]) => place(a) - place(b))
    .filter(([, value]) => value !== null && value !== undefined)
    .map(
      ([key, value]) =>
        `${key} ${typeof value === 'boolean' ? (value ? 'yes' : 'no') : inWords(value)}`
    )
    .join(', ');
}
