/**
 * Which columns of a run's table are shown: those that tell something, that the reader asked for, and that fit.
 *
 * The html and the text choose from the same list (`qwq_nb/run/table_columns.py`); nothing is left out there for width.
 */
import {
  duration,
  intervalsOf,
  isKnown,
  meanScore,
  number,
  percent,
  rangeOf,
  rowInterval,
  rowScore,
  UNKNOWN
} from '../record/format';
import { SubsetRow } from '../record/record';
import { Column, COLUMN_NAMES, COLUMNS } from '../record/vocabulary';

/** What the reader has set: shown or not, whatever the default; a column that is not named has its default. */
export type Wishes = { [K in Column]?: boolean };

export interface IColumns {
  /** In order. */
  shown: Column[];
  /** Of which all values are 0, and that are said below the table instead. */
  folded: Column[];
  /** That there is no room for. */
  left: Column[];
}

const SCORES = ['avg_at_k', 'pass_at_k', 'cons_at_k'] as const;
type Score = (typeof SCORES)[number];

/** Fields that a column shows as they are. */
const COUNTS = [
  'n',
  'correct',
  'wrong',
  'truncated',
  'no_answer',
  'not_gradable',
  'errors',
  'pending',
  'awaiting_ruling'
] as const;
type Count = (typeof COUNTS)[number];

const isCount = (column: Column): column is Count =>
  (COUNTS as readonly string[]).includes(column);
const isScore = (column: Column): column is Score =>
  (SCORES as readonly string[]).includes(column);

/** The columns, of which the reader may wish any that tell something; those that were wished stay whatever the room. */
export function columnsOf(
  rows: readonly SubsetRow[],
  wishes: Wishes,
  room: number,
  width: (column: Column) => number
): IColumns {
  const folded: Column[] = [];
  let shown = COLUMN_NAMES.filter(column => {
    const wish = wishes[column];
    if (!canTell(column, rows)) {
      return false;
    }
    if (wish !== undefined) {
      return wish;
    }
    const { zero, optional } = COLUMNS[column];
    if (zero !== undefined && rows.every(row => row[column as Count] === 0)) {
      if (zero === 'fold') {
        folded.push(column);
      }
      return false;
    }
    return !optional;
  });
  const left: Column[] = [];
  const leaving = shown
    .filter(column => COLUMNS[column].priority !== undefined && !wishes[column])
    .sort((a, b) => COLUMNS[a].priority! - COLUMNS[b].priority!);
  let wanted = shown.reduce((sum, column) => sum + width(column), 0);
  for (const column of leaving) {
    if (wanted <= room) {
      break;
    }
    wanted -= width(column);
    left.push(column);
  }
  shown = shown.filter(column => !left.includes(column));
  left.sort((a, b) => COLUMN_NAMES.indexOf(a) - COLUMN_NAMES.indexOf(b));
  return { shown, folded, left };
}

/** The columns that a reader may show or hide, of these rows. */
export function choosable(rows: readonly SubsetRow[]): Column[] {
  return COLUMN_NAMES.filter(
    column => column !== 'accuracy' && canTell(column, rows)
  );
}

/** Whether a column can tell anything of such rows. */
function canTell(column: Column, rows: readonly SubsetRow[]): boolean {
  if (column === 'untruncated') {
    return rows.some(row => row.truncated > 0);
  }
  if (column === 'tests') {
    return rows.some(row => (row.tests_total ?? 0) > 0);
  }
  if (isScore(column)) {
    return (
      rows.some(row => row.repeated !== null) &&
      (column !== 'avg_at_k' || !isAverageTheAccuracy(rows))
    );
  }
  return true;
}

/** Whether avg@k is the accuracy: where every problem has as many answers, and all problems were asked. */
function isAverageTheAccuracy(rows: readonly SubsetRow[]): boolean {
  return rows.every(
    ({ repeated, accuracy }) =>
      repeated === null ||
      accuracy === null ||
      (repeated.avg_at_k !== null &&
        Math.abs(repeated.avg_at_k - accuracy) < 1e-9)
  );
}

/** A column's head. Where avg@k is the accuracy, that column says so. */
export function headOf(column: Column, rows: readonly SubsetRow[]): string {
  const k = Math.max(0, ...rows.map(row => row.repeated?.k ?? 0));
  if (column === 'accuracy') {
    const degrees = rows.filter(row => row.metric !== '').length;
    if (degrees > 0) {
      return degrees === rows.length ? 'score' : 'accuracy or score';
    }
    return k > 0 && isAverageTheAccuracy(rows)
      ? `accuracy = avg@${k}`
      : COLUMNS.accuracy.word;
  }
  return COLUMNS[column].word.replace('{k}', String(k));
}

/** What a column's head means, in half a sentence. */
export function titleOf(column: Column, rows: readonly SubsetRow[]): string {
  const k = Math.max(0, ...rows.map(row => row.repeated?.k ?? 0));
  return COLUMNS[column].title.replace(/\{k\}/g, String(k));
}

/** `0 truncated, 0 errors`, of columns that are not shown. */
export function foldedNote(folded: readonly Column[]): string {
  return folded.map(column => `0 ${COLUMNS[column].word}`).join(', ');
}

/** The text of a cell; below it, in small, what goes with it. */
export function cellOf(column: Column, row: SubsetRow): [string, string] {
  if (isCount(column)) {
    return [number(row[column]), ''];
  }
  if (isScore(column)) {
    return scoreCell(column, row);
  }
  switch (column) {
    case 'accuracy':
      return [rowScore(row), ''];
    case 'interval':
      return intervalsOf(row);
    case 'untruncated':
      return [percent(row.accuracy_finished), ''];
    case 'tests':
      return [
        row.tests_total
          ? `${number(row.tests_passed ?? 0)} of ${number(row.tests_total)}`
          : UNKNOWN,
        ''
      ];
    case 'tokens':
      return [tokenCell(row), ''];
    case 'first_token':
      return [duration(row.ttft_p50_s), ''];
    case 'speed':
      return [number(row.tokens_per_s_p50, 1), ''];
  }
}

function scoreCell(column: Score, { repeated }: SubsetRow): [string, string] {
  if (repeated === null) {
    return [UNKNOWN, ''];
  }
  const [value, low, high] = {
    avg_at_k: [repeated.avg_at_k, repeated.avg_low, repeated.avg_high],
    pass_at_k: [repeated.pass_at_k, repeated.pass_low, repeated.pass_high],
    cons_at_k: [repeated.cons_at_k, repeated.cons_low, repeated.cons_high]
  }[column];
  const ends =
    isKnown(value) && isKnown(low) && isKnown(high)
      ? rangeOf(number(100 * low, 1), number(100 * high, 1))
      : '';
  return [percent(value), ends];
}

function tokenCell(row: SubsetRow): string {
  const { mean_reasoning_tokens: reasoning, mean_answer_tokens: answer } = row;
  return reasoning === null && answer === null
    ? UNKNOWN
    : `${number(reasoning)} + ${number(answer)}`;
}

/** The header's line of a run with repeats: `avg@4 78.3 % (95 % CI 70.1–85.0 %) · pass@4 …`; empty without repeats. */
export function repeatScores(rows: readonly SubsetRow[]): string[] {
  const all = rows.filter(row => row.subset === 'all' && row.repeated !== null);
  return all.map(row => {
    const scores = SCORES.map(score => {
      const [value, ends] = scoreCell(score, row);
      const interval = ends && ` (95 % CI ${ends} %)`;
      return `${headOf(score, [row])} ${value}${interval}`;
    });
    return `${all.length > 1 ? `${row.benchmark}: ` : ''}${scores.join(' · ')}`;
  });
}

/** What is said of a row to who points at its interval. */
export function rowInWords(row: SubsetRow, published: string): string {
  const answered = row.n - row.errors - row.pending - row.awaiting_ruling;
  const shares =
    row.metric === ''
      ? `${number(row.correct)} of ${number(answered)} correct`
      : `mean ${meanScore(row.mean_score)} of ${number(answered)}`;
  const others = (
    [
      'wrong',
      'truncated',
      'no_answer',
      'not_gradable',
      'errors',
      'pending'
    ] as const
  )
    .filter(column => row[column] > 0)
    .map(column => `${number(row[column])} ${COLUMNS[column].word}`);
  return [
    `${row.subset}: ${rowScore(row)}, ${COLUMNS.interval.word} ${rowInterval(row)}`,
    [shares, ...others].join(', '),
    published
  ]
    .filter(line => line)
    .join('\n');
}
