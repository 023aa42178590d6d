import { describe, expect, it } from 'vitest';

import { commonOpening, PairsModel } from '../../model/pairs';
import { ICompare, readCompare } from '../../record/compare';

function sample(id: string, outcome: string, more: object = {}): object {
  return {
    benchmark: 'math_500',
    subset: id.endsWith('0') ? 'Level 1' : 'Level 2',
    id,
    outcome,
    gold: '7',
    ...more
  };
}

const RAW = {
  schema: 'compare.v1',
  conclusions: [{ on: 'math_500', kind: 'open', headline: 'B − A' }],
  runs: [
    {
      letter: 'A',
      title: 'one',
      record: {
        run_id: 'a',
        samples: [
          sample('x/0', 'correct', { extracted: '7' }),
          sample('x/1', 'wrong', { flags: ['check_by_hand'] }),
          sample('x/2', 'wrong')
        ]
      }
    },
    {
      letter: 'B',
      title: 'two',
      record: {
        run_id: 'b',
        samples: [
          sample('y/0', 'wrong', { answer: { text: 'It is EIGHT.' } }),
          sample('x/1', 'correct'),
          sample('x/2', 'wrong')
        ]
      }
    }
  ],
  table: {
    heads: ['', 'pairs', 'p'],
    groups: [
      {
        title: 'two − one',
        rows: [{ cells: ['all'], difference: -3, low: 'x' }]
      }
    ]
  },
  pairs: [
    { b: 'B', kind: 'lost', first: ['x/0', 0], second: ['y/0', 0] },
    { b: 'B', kind: 'gained', first: ['x/1', 0], second: ['x/1', 0] },
    { b: 'B', kind: '', first: ['x/2', 0], second: ['x/2', 0] },
    { b: 'B', kind: 'lost', first: ['gone', 0], second: ['gone', 0] },
    { b: 'B', kind: 'evil', first: ['x/2', 0], second: ['x/2', 0] }
  ]
};

function model(): PairsModel {
  const made = new PairsModel();
  made.setCompare(readCompare(RAW)!);
  return made;
}

const kinds = (made: PairsModel): string[] =>
  made.shown().map(({ kind }) => kind);

describe('a comparison', () => {
  it('is read from whatever a notebook holds', () => {
    expect(readCompare({ schema: 'compare.v2' })).toBeNull();
    expect(readCompare(null)).toBeNull();
    const read = readCompare(RAW) as ICompare;
    const [row] = read.groups[0].rows;
    expect(row.cells).toEqual(['all', '', '']);
    expect([row.difference, row.low, row.comparable]).toEqual([-1, null, true]);
    expect(read.pairs).toHaveLength(4);
    expect(
      readCompare({ schema: 'compare.v1', runs: [{ record: 7 }], pairs: 'x' })
    ).toMatchObject({ runs: [], pairs: [], heads: [], left: 0 });
  });

  it('shows the flips whose both answers are here, until a chip is chosen', () => {
    const made = model();
    expect(made.all()).toHaveLength(3);
    expect(kinds(made)).toEqual(['lost', 'gained']);
    made.chips.add('gained');
    expect(kinds(made)).toEqual(['gained']);
    made.chips.add('neither');
    expect(kinds(made)).toEqual(['gained', '']);
    made.chips.clear();
    made.chips.add('check');
    expect(kinds(made)).toEqual(['gained']);
  });

  it('searches both sides, and is narrowed to a row', () => {
    const made = model();
    made.query = 'eight';
    expect(kinds(made)).toEqual(['lost']);
    expect(made.matcher!.ranges('so EIGHT it is')).toHaveLength(1);
    made.query = '';
    made.row = { benchmark: 'math_500', subset: 'Level 2' };
    expect(kinds(made)).toEqual(['gained']);
    made.row = { benchmark: 'math_500', subset: 'all' };
    expect(kinds(made)).toEqual(['lost', 'gained']);
    made.row = { benchmark: 'aime24', subset: 'all' };
    expect(kinds(made)).toEqual([]);
  });

  it('keeps whole texts when it is drawn again', () => {
    const made = model();
    made.runs
      .get('B')!
      .model.setTrace('0 y/0', { reasoning: 'r', answer: 'a' });
    made.setCompare(readCompare(RAW)!);
    expect(made.runs.get('B')!.model.trace('0 y/0')).toBeDefined();
  });
});

describe('the opening that two texts share', () => {
  it.each([
    ['a bcd e', 'a bcf e', 2],
    ['abc', 'abc', 3],
    ['', 'abc', 0],
    ['xyz', 'abc', 0]
  ])('of %j and %j is %i characters', (a, b, alike) =>
    expect(commonOpening(a, b)).toBe(alike)
  );
});
