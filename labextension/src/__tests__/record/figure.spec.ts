import { describe, expect, it } from 'vitest';

import { placeOf, runsOf } from '../../record/figure';

const META = {
  qwq: { study: 'budget', runs: { x: 'qwq_runs/a', x2: 'qwq_runs/b' } }
};
const point = (
  customdata: unknown,
  xaxis: unknown = 'x'
): Record<string, unknown> => ({ customdata, data: { xaxis } });

describe('a figure of %qwq_budget', () => {
  it('names the folder of each axis', () => {
    expect(runsOf(META)).toEqual(
      new Map([
        ['x', 'qwq_runs/a'],
        ['x2', 'qwq_runs/b']
      ])
    );
  });

  it.each([
    undefined,
    null,
    'budget',
    { qwq: 'budget' },
    { qwq: { study: 'sweep', runs: { x: 'a' } } }
  ])('is not %j', meta => {
    expect(runsOf(meta)).toBeNull();
    expect(placeOf(meta, point(['m/1', 'm/1', 0]))).toBeNull();
  });

  it('leaves out what is no folder', () => {
    const meta = { qwq: { study: 'budget', runs: { x: 7, x2: '', x3: 'c' } } };
    expect(runsOf(meta)).toEqual(new Map([['x3', 'c']]));
  });

  it('names the sample of a bar', () => {
    const data = ['m/1 (2)', 'm/1', 1, 200, '1,000 tokens'];
    expect(placeOf(META, point(data, 'x2'))).toEqual({
      runDir: 'qwq_runs/b',
      id: 'm/1',
      repeat: 1
    });
    expect(placeOf(META, { customdata: data, data: {} })?.runDir).toBe(
      'qwq_runs/a'
    );
  });

  it.each([
    [point(undefined)],
    [point('m/1')],
    [point(['m/1', 7, 0])],
    [point(['m/1', '', 0])],
    [point(['m/1', 'm/1', 0.5])],
    [point(['m/1', 'm/1', '0'])],
    [point(['m/1', 'm/1', 0], 'x9')],
    [null]
  ])('has no sample in %j', found => {
    expect(placeOf(META, found)).toBeNull();
  });
});
