/** Number formats, as the html and text views have them (`qwq_nb/view/wording.py`). */
import { RunRecord, SubsetRow } from './record';
import { inWords } from './values';

/** From here on a number is written as 1.2e300: its digits would say no more, and fill the line. */
const HUGE = 1e15;

/** Kept: making one takes longer than all else that a line of the list needs. */
const formats = new Map<number, Intl.NumberFormat>();

/** What stands where a number is not known. */
export const UNKNOWN = '–';

/**
 * Every number that is drawn is rounded here, as `number` of `view/wording.py` does it: halves away from 0, of what
 * the number is in decimal (95.35 to 95.4). 15 digits are read, which all binary numbers have.
 */
export function number(value: number | null, digits = 0): string {
  if (value === null || !Number.isFinite(value)) {
    return UNKNOWN;
  }
  if (Math.abs(value) >= HUGE) {
    return value.toExponential(1).replace('+', '');
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
  return /^-0(\.0*)?$/.test(text) ? text.slice(1) : text;
}

export function percent(share: number | null): string {
  return share === null || !Number.isFinite(share)
    ? UNKNOWN
    : `${number(100 * share, 1)} %`;
}

/** The interval of a share: `55.2 – 95.3`, `exact` where it has no width, or empty where it is not known. */
export function interval(low: number | null, high: number | null): string {
  if (low === null || high === null) {
    return '';
  }
  return low === high
    ? 'exact'
    : `${number(100 * low, 1)} – ${number(100 * high, 1)}`;
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
  const shown = row.metric === '' ? interval : scoreInterval;
  const own = shown(row.ci_low, row.ci_high);
  const similar = shown(row.similar_low, row.similar_high);
  return own === 'exact' && similar !== '' ? `exact (${similar})` : own;
}

function scoreInterval(low: number | null, high: number | null): string {
  if (low === null || high === null) {
    return '';
  }
  return low === high ? 'exact' : `${meanScore(low)} – ${meanScore(high)}`;
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

export function count(n: number, noun: string): string {
  return `${number(n)} ${noun}${n === 1 ? '' : 's'}`;
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

/** What the run costs, in the unit of its endpoint's prices; nothing where there are none. */
export function costFacts(record: RunRecord): string[] {
  const cost = record.cost;
  if (cost === null) {
    return [];
  }
  const pending = record.table.some(row => row.pending > 0);
  const amount = (value: number): string =>
    `${money(value)} ${cost.currency}`.trimEnd();
  const facts = [`cost ${amount(cost.so_far)}${pending ? ' so far' : ''}`];
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

/** `8.2 s`, `3 min 20 s`, `2 h 05 min`. */
export function duration(seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) {
    return UNKNOWN;
  }
  if (seconds < 60) {
    return `${number(seconds, 1)} s`;
  }
  const minutes = Math.floor(Math.round(seconds) / 60);
  const rest = Math.round(seconds) % 60;
  const two = (n: number): string => String(n).padStart(2, '0');
  return minutes < 60
    ? `${minutes} min ${two(rest)} s`
    : `${number(Math.floor(minutes / 60))} h ${two(minutes % 60)} min`;
}

const SAMPLING = ['temperature', 'top_p', 'top_k', 'min_p', 'max_tokens'];

/** `temperature 0.6, top_p 0.95`: what is set, in the order in which papers give it. */
export function sampling(record: RunRecord): string {
  const place = (key: string): number =>
    SAMPLING.includes(key) ? SAMPLING.indexOf(key) : SAMPLING.length;
  return Object.entries(record.sampling)
    .sort(([a], [b]) => place(a) - place(b))
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key} ${inWords(value)}`)
    .join(', ');
}
