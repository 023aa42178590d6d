import { describe, expect, it } from 'vitest';

import { readRecord } from '../../record/record';
import { highestOf, levelsOf } from '../../view/entropy';

describe('the entropy along a reasoning', () => {
  it('is a level a digit', () => {
    expect(levelsOf('0905')).toEqual([0, 9, 0, 5]);
    expect(levelsOf('')).toEqual([]);
    expect(levelsOf('1x-<2')).toEqual([1, 2]);
    expect(levelsOf('1'.repeat(500))).toHaveLength(120);
  });

  it('is said in words', () => {
    expect(highestOf([0, 9, 0, 5])).toBe('Highest 25 % of the way through.');
    expect(highestOf([])).toBe('');
  });

  it('of another shape is none', () => {
    const record = readRecord({
      schema: 'run.v1',
      samples: [{ entropy: [7] }]
    });
    expect(record!.samples[0].entropy).toBe('');
  });
});
