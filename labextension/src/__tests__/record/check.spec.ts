import { describe, expect, it } from 'vitest';

import { readCheck } from '../../record/check';

const RECORD = {
  run_id: 'a',
  name: 'run',
  samples: [
    { benchmark: 'math_500', subset: 'Level 1', id: 'x/0', outcome: 'wrong' }
  ]
};

describe('a list of verdicts to check', () => {
  it('is read with its excerpts by sample', () => {
    const read = readCheck({
      schema: 'check.v1',
      total: 9,
      left: 2,
      record: RECORD,
      entries: [
        {
          sample: ['x/0', 0],
          reasons: ['second opinion differs'],
          excerpts: [
            { title: 'Answer', before: 'so ', hit: '7', left_before: 3 }
          ]
        }
      ]
    })!;
    expect([read.total, read.left]).toEqual([9, 2]);
    expect(read.entries.get('0 x/0')).toEqual({
      key: '0 x/0',
      reasons: ['second opinion differs'],
      excerpts: [
        {
          title: 'Answer',
          before: 'so ',
          hit: '7',
          after: '',
          leftBefore: 3,
          leftAfter: 0
        }
      ]
    });
  });

  it('is read from whatever a notebook holds', () => {
    expect(readCheck(null)).toBeNull();
    expect(readCheck({ schema: 'check.v2', record: RECORD })).toBeNull();
    expect(readCheck({ schema: 'check.v1', record: 7 })).toBeNull();
    const read = readCheck({
      schema: 'check.v1',
      total: 'many',
      left: -3,
      record: RECORD,
      entries: [null, { sample: 'x', reasons: 3, excerpts: [7, 'y'] }]
    })!;
    expect([read.total, read.left, read.entries.size]).toEqual([0, 0, 1]);
    const [entry] = read.entries.values();
    expect(entry.reasons).toEqual([]);
    expect(entry.excerpts).toHaveLength(2);
  });
});
