import { describe, expect, it } from 'vitest';

import { numberIn, shownRows } from '../../model/board';
import { readBoard } from '../../record/board';

const board = readBoard({
  schema: 'board.v1',
  title: 'Code editing',
  heads: ['model', 'two tries', 'seconds each'],
  numbers: [false, true, true],
  groups: [
    {
      title: 'Measured here',
      rows: [
        { cells: ['QwQ', '42.1 %', '6 min 54 s'] },
        { cells: ['QwQ + Qwen', '73.6 %', '22.5 s'], source: 'run-7' },
        { cells: ['nothing yet', '–', '–'] }
      ]
    }
  ]
})!;
const names = (query: string, column = -1, descending = false): string[] =>
  shownRows(
    board.groups[0],
    query,
    column < 0 ? null : { column, descending }
  ).map(row => row.cells[0]);

describe('the search in a board', () => {
  it('finds rows that have all of its words, in any cell and any case', () => {
    expect(names('')).toHaveLength(3);
    expect(names('qwen qwq')).toEqual(['QwQ + Qwen']);
    expect(names('73.6')).toEqual(['QwQ + Qwen']);
    expect(names('run-7')).toEqual(['QwQ + Qwen']);
    expect(names('gpt')).toEqual([]);
  });
});

describe('the order of a board', () => {
  it('is by number or time, and what is not known comes last either way', () => {
    expect(names('', 1, true)).toEqual(['QwQ + Qwen', 'QwQ', 'nothing yet']);
    expect(names('', 1)).toEqual(['QwQ', 'QwQ + Qwen', 'nothing yet']);
    expect(names('', 2)).toEqual(['QwQ + Qwen', 'QwQ', 'nothing yet']);
  });

  it('reads the numbers as they are written', () => {
    expect(numberIn('1,204')).toBe(1204);
    expect(numberIn('2 min 24 s')).toBe(144);
    expect(numberIn('1 h 05 min')).toBe(3900);
    expect(numberIn('0.144 USD')).toBe(0.144);
    expect(numberIn('whole')).toBeNull();
  });
});

describe('a board of a stranger', () => {
  it('is read as what it should be, or not at all', () => {
    expect(readBoard({ schema: 'board.v9' })).toBeNull();
    expect(readBoard('board')).toBeNull();
    const read = readBoard({
      schema: 'board.v1',
      heads: ['model', {}],
      groups: [{ rows: [{ cells: 'x', last: 1e9, low: NaN }, null] }, 7]
    })!;
    expect(read.groups[0].rows[0]).toMatchObject({
      cells: ['', ''],
      last: 100,
      low: null
    });
    expect(read.groups).toHaveLength(2);
  });
});
