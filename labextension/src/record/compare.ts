/**
 * A comparison, as `qwq_nb/analysis/compare/view_record.py` writes it: conclusions and a table in words, and each run as
 * a record with the samples of the pairs. Read from whatever a notebook holds: what is of another kind is empty.
 */
import { keyOf, readRecord, RunRecord } from './record';
import { asNumber, asObject, asText, clipped, listOf } from './values';

export const COMPARE_MIME = 'application/vnd.qwq-nb.compare.v1+json';

const MOST_RUNS = 6;
const MOST_ROWS = 400;
const MOST_COLUMNS = 30;
const MOST_NOTES = 60;
const MOST_PAIRS = 5_000;
const LONGEST = 2_000; // characters of a sentence

/** Which of two answers is right: the first alone, the other alone, or neither. */
export type PairKind = 'lost' | 'gained' | '';

export interface ICompareRun {
  letter: string;
  /** What it is called throughout. */
  title: string;
  name: string;
  model: string;
  note: string;
  record: RunRecord;
}

export interface IConclusion {
  on: string;
  kind: string;
  headline: string;
  detail: string;
}

export interface ICompareRow {
  benchmark: string;
  subset: string;
  /** Letter of the run that is held against the first. */
  b: string;
  cells: string[];
  /** As shares; null: not known, or of no share. */
  difference: number | null;
  low: number | null;
  high: number | null;
  comparable: boolean;
}

export interface IPairKey {
  b: string;
  kind: PairKind;
  /** Of the answers, in the records of the first run and of the other. */
  first: string;
  second: string;
}

export interface ICompare {
  demo: boolean;
  withheld: boolean;
  warnings: string[];
  conclusions: IConclusion[];
  notes: string[];
  runs: ICompareRun[];
  heads: string[];
  reading: string;
  groups: { title: string; rows: ICompareRow[] }[];
  pairs: IPairKey[];
  /** Pairs that the record has no room for. */
  left: number;
}

/** The comparison in a notebook's output, or null where there is none of this version. */
export function readCompare(value: unknown): ICompare | null {
  const source = asObject(value);
  if (source.schema !== 'compare.v1') {
    return null;
  }
  const table = asObject(source.table);
  const runs = listOf(source.runs, MOST_RUNS).flatMap(run => readRun(run));
  const heads = texts(table.heads, MOST_COLUMNS);
  return {
    demo: source.demo === true,
    withheld: source.withheld === true,
    warnings: texts(source.warnings, MOST_NOTES),
    conclusions: listOf(source.conclusions, MOST_NOTES).map(found => {
      const { on, kind, headline, detail } = asObject(found);
      return {
        on: text(on),
        kind: text(kind),
        headline: text(headline),
        detail: text(detail)
      };
    }),
    notes: texts(source.notes, MOST_NOTES),
    runs,
    heads,
    reading: text(table.reading),
    groups: listOf(table.groups, MOST_NOTES).map(group => {
      const { title, rows } = asObject(group);
      return {
        title: text(title),
        rows: listOf(rows, MOST_ROWS).map(row => readRow(row, heads.length))
      };
    }),
    pairs: listOf(source.pairs, MOST_PAIRS).flatMap(pair => readPair(pair)),
    left: Math.max(0, asNumber(source.left))
  };
}

function readRun(value: unknown): ICompareRun[] {
  const { letter, title, name, model, note, record } = asObject(value);
  const found = readRecord(record);
  return found === null
    ? []
    : [
        {
          letter: text(letter),
          title: text(title) || text(letter),
          name: text(name),
          model: text(model),
          note: text(note),
          record: found
        }
      ];
}

function readRow(value: unknown, columns: number): ICompareRow {
  const { benchmark, subset, b, cells, difference, low, high, comparable } =
    asObject(value);
  const given = texts(cells, columns);
  return {
    benchmark: text(benchmark),
    subset: text(subset),
    b: text(b),
    cells: Array.from({ length: columns }, (_, at) => given[at] ?? ''),
    difference: share(difference),
    low: share(low),
    high: share(high),
    comparable: comparable !== false
  };
}

function readPair(value: unknown): IPairKey[] {
  const { b, kind, first, second } = asObject(value);
  const key = (pair: unknown): string => {
    const [id, repeat] = listOf(pair, 2);
    return keyOf({ id: asText(id), repeat: asNumber(repeat) });
  };
  return kind === 'lost' || kind === 'gained' || kind === ''
    ? [{ b: text(b), kind, first: key(first), second: key(second) }]
    : [];
}

function share(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(Math.max(value, -1), 1)
    : null;
}

function text(value: unknown): string {
  return clipped(asText(value), LONGEST);
}

function texts(value: unknown, most: number): string[] {
  return listOf(value, most).map(text);
}
