/**
 * A board of code editing, as `qwq_nb/run/board/report.py` writes it: texts of cells, and the rates that are drawn as
 * bars. Read from whatever a notebook holds: what is of another kind is empty.
 */
import { asObject, asText, clipped, listOf } from './values';

export const BOARD_MIME = 'application/vnd.qwq-nb.board.v1+json';

const MOST_COLUMNS = 60;
const MOST_GROUPS = 20;
const MOST_ROWS = 2_000;
const MOST_NOTES = 50;
const LONGEST = 2_000; // characters of a cell, a title or a note

export interface IBoardRow {
  cells: string[];
  /** Per cent that passed after the first try and within two, and the ends of the latter's interval; null: unknown. */
  first: number | null;
  last: number | null;
  low: number | null;
  high: number | null;
  source: string;
}

export interface IBoardGroup {
  title: string;
  /** Somebody else measured and published it. */
  published: boolean;
  rows: IBoardRow[];
}

export interface IBoard {
  title: string;
  demo: boolean;
  heads: string[];
  /** Of each column: whether its cells are numbers. */
  numbers: boolean[];
  groups: IBoardGroup[];
  notes: string[];
}

/** The board in a notebook's output, or null where there is none of this version. */
export function readBoard(value: unknown): IBoard | null {
  const source = asObject(value);
  if (source.schema !== 'board.v1') {
    return null;
  }
  const heads = texts(source.heads, MOST_COLUMNS);
  return {
    title: text(source.title),
    demo: source.demo === true,
    heads,
    numbers: heads.map(
      (_, at) => listOf(source.numbers, MOST_COLUMNS)[at] === true
    ),
    groups: listOf(source.groups, MOST_GROUPS).map(group => {
      const { title, published, rows } = asObject(group);
      return {
        title: text(title),
        published: published === true,
        rows: listOf(rows, MOST_ROWS).map(row => readRow(row, heads.length))
      };
    }),
    notes: texts(source.notes, MOST_NOTES)
  };
}

function readRow(value: unknown, columns: number): IBoardRow {
  const { cells, first, last, low, high, source } = asObject(value);
  const given = texts(cells, columns);
  return {
    cells: Array.from({ length: columns }, (_, at) => given[at] ?? ''),
    first: rate(first),
    last: rate(last),
    low: rate(low),
    high: rate(high),
    source: text(source)
  };
}

function rate(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.min(Math.max(value, 0), 100)
    : null;
}

function text(value: unknown): string {
  return clipped(asText(value), LONGEST);
}

function texts(value: unknown, most: number): string[] {
  return listOf(value, most).map(text);
}
