import { describe, expect, it } from 'vitest';

import { axisOf, placeOn } from '../../model/axis';
import {
  cellOf,
  choosable,
  columnsOf,
  foldedNote,
  headOf,
  repeatScores,
  rowInWords,
  Wishes
} from '../../model/columns';
import { readRecord, SubsetRow } from '../../record/record';
import { COLUMN_NAMES, COLUMNS } from '../../record/vocabulary';

function row(changes: object = {}): SubsetRow {
  const fields = {
    benchmark: 'math_500',
    subset: 'Level 1',
    n: 10,
    correct: 8,
    wrong: 1,
    truncated: 1,
    accuracy: 0.8,
    ci_low: 0.49,
    ci_high: 0.943,
    mean_reasoning_tokens: 599,
    mean_answer_tokens: 6,
    ...changes
  };
  return readRecord({ table: [fields] })!.table[0];
}

const WIDE = Infinity;
const width = (): number => 60;
const shown = (
  rows: SubsetRow[],
  wishes: Wishes = {},
  room = WIDE
): string[] => [...columnsOf(rows, wishes, room, width).shown];

const ALWAYS = ['accuracy', 'interval', 'n', 'correct', 'wrong', 'truncated'];

describe('the columns of a table', () => {
  it('are those that tell something, tokens and speed where asked for', () => {
    expect(shown([row()])).toEqual([...ALWAYS, 'untruncated']);
    expect(shown([row()], { tokens: true, speed: true })).toEqual([
      ...ALWAYS,
      'untruncated',
      'tokens',
      'speed'
    ]);
  });

  it('fold what is 0 in all rows into a note', () => {
    const rows = [row({ truncated: 0, wrong: 2 }), row({ no_answer: 1 })];
    const { folded } = columnsOf(rows, {}, WIDE, width);
    expect(foldedNote(folded)).toBe('0 not gradable, 0 errors');
    expect(shown(rows)).toContain('no_answer');
    expect(shown([row({ truncated: 0 })])).not.toContain('untruncated');
  });

  it('leave in the order of their priority, and what was asked for stays', () => {
    const rows = [row({ no_answer: 1, errors: 1 })];
    const all = shown(rows);
    expect(all).toEqual([...ALWAYS, 'no_answer', 'errors', 'untruncated']);
    const at = (room: number, wishes = {}): [string[], string[]] => {
      const found = columnsOf(rows, wishes, room, width);
      return [[...found.shown], [...found.left]];
    };
    expect(at(60 * 9)).toEqual([all, []]);
    expect(at(60 * 8)).toEqual([
      all.filter(name => name !== 'errors'),
      ['errors']
    ]);
    expect(at(60 * 8, { errors: true })[1]).toEqual(['no_answer']);
    // Accuracy, interval and the three commonest outcomes never leave.
    expect(at(0)).toEqual([ALWAYS, ['no_answer', 'errors', 'untruncated']]);
  });

  it('can all be chosen that can tell something', () => {
    expect(choosable([row()])).toContain('errors');
    expect(choosable([row()])).not.toContain('pass_at_k');
    expect(choosable([row()])).not.toContain('tests');
    expect(shown([row()], { errors: true, n: false })).not.toContain('n');
    expect(shown([row()], { errors: true })).toContain('errors');
  });

  it('have a cell each, and a title', () => {
    for (const column of COLUMN_NAMES) {
      expect(cellOf(column, row())[0]).not.toBe('');
      expect(COLUMNS[column].title).not.toBe('');
    }
    expect(cellOf('tokens', row())).toEqual(['599 + 6', '']);
    expect(cellOf('first_token', row())).toEqual(['–', '']);
  });
});

describe('repeats', () => {
  const repeated = {
    k: 4,
    problems: 30,
    avg_at_k: 0.8,
    avg_low: 0.7,
    avg_high: 0.875,
    pass_at_k: 0.9,
    pass_low: 0.75,
    pass_high: 0.97,
    cons_at_k: null
  };
  const rows = [row({ subset: 'all', repeated })];

  it('have pass@k and cons@k, and the accuracy is avg@k where it is', () => {
    expect(shown(rows)).toEqual([
      'accuracy',
      'interval',
      'pass_at_k',
      'cons_at_k',
      ...ALWAYS.slice(2),
      'untruncated'
    ]);
    expect(headOf('accuracy', rows)).toBe('accuracy = avg@4');
    expect(headOf('pass_at_k', rows)).toBe('pass@4');
    expect(cellOf('pass_at_k', rows[0])).toEqual(['90.0 %', '75.0–97.0']);
    expect(cellOf('cons_at_k', rows[0])).toEqual(['–', '']);
  });

  it('have avg@k too where it is another number', () => {
    const other = [row({ repeated: { ...repeated, avg_at_k: 0.79 } })];
    expect(shown(other)).toContain('avg_at_k');
    expect(headOf('accuracy', other)).toBe('accuracy');
  });

  it('are in the header in one line', () => {
    expect(repeatScores(rows)).toEqual([
      'avg@4 80.0 % (95 % CI 70.0–87.5 %) · pass@4 90.0 % (95 % CI 75.0–97.0 %) · cons@4 –'
    ]);
    expect(repeatScores([row({ subset: 'all' })])).toEqual([]);
  });
});

describe('a row in words', () => {
  it('has its counts', () => {
    expect(rowInWords(row({ errors: 2 }), 'published 95.4 % (x)')).toBe(
      'Level 1: 80.0 %, 95 % CI 49.0–94.3 %\n' +
        '8 of 8 correct, 1 wrong, 1 truncated, 2 errors\n' +
        'published 95.4 % (x)'
    );
  });
});

describe('the axis', () => {
  it.each([
    [0.886, undefined, 85, [85, 90, 95, 100]],
    [0.2066, undefined, 20, [20, 40, 60, 80, 100]],
    [0.99, undefined, 95, [96, 98, 100]],
    [0.85, undefined, 80, [80, 85, 90, 95, 100]],
    [0.886, 0.62, 60, [60, 70, 80, 90, 100]],
    [0, undefined, 0, [0, 25, 50, 75, 100]],
    [-0.5, undefined, 0, [0, 25, 50, 75, 100]],
    [1e300, undefined, 95, [96, 98, 100]]
  ])('from %d, published %s, begins at %d', (low, score, start, ticks) => {
    const rows = [row({ ci_low: low, accuracy: 1 })];
    const axis = axisOf(rows, score === undefined ? [] : [score]);
    expect(Math.round(100 * axis.low)).toBe(start);
    expect(axis.ticks.map(tick => Math.round(100 * tick))).toEqual(ticks);
  });

  it('has room for a run of which nothing is known', () => {
    const rows = [row({ ci_low: null, accuracy: null })];
    expect(axisOf(rows, []).low).toBeLessThan(1);
    expect(axisOf([], []).ticks.at(-1)).toBe(1);
  });

  it('holds every share', () => {
    const axis = { low: 0.8, ticks: [] };
    expect([0, 0.8, 0.9, 1, 7].map(share => placeOn(axis, share))).toEqual([
      0,
      0,
      expect.closeTo(0.5),
      1,
      1
    ]);
  });
});
