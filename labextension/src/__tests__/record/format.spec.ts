import { describe, expect, it } from 'vitest';

import {
  ci,
  duration,
  estimatedFrom,
  interval,
  listedSettings,
  money,
  number,
  percent,
  roughDuration,
  rowInterval,
  rowScore,
  scoreInterval
} from '../../record/format';
import { readRecord } from '../../record/record';
import { progressLine } from '../../view/header';
import examples from './numbers.json';

/** `tests/core/test_formats.py` reads the same examples. */
describe('a number is written as in the html and the text', () => {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  const rules: Record<string, (...values: any[]) => string> = {
    percent: value => percent(value),
    number: value => number(value),
    money,
    duration,
    rough_duration: roughDuration,
    interval,
    ci,
    score_interval: scoreInterval,
    listed_settings: listedSettings
  };
  for (const [rule, rows] of Object.entries(examples)) {
    it.each(rows as [unknown, string][])(
      `${rule} of %j is %s`,
      (value, shown) =>
        expect(rules[rule](...(Array.isArray(value) ? value : [value]))).toBe(
          shown
        )
    );
  }

  it('takes nothing that is no number', () => {
    expect(percent(NaN)).toBe('–');
    expect(number(Infinity)).toBe('–');
    expect(duration(NaN)).toBe('–');
  });

  it('tells an unknown time from none', () => {
    const line = progressLine(
      readRecord({ state: 'complete', progress: { total: 4, elapsed_s: 0 } })!
    );
    expect(line).toContain(' · 0 tokens');
    expect(line).not.toContain('0.0 s');
  });
});

describe('what a run costs', () => {
  it.each([
    [12.3, '12.30'],
    [1234.5, '1,234.50'],
    [0.03117, '0.0312'],
    [0.0004386, '0.000439'],
    [0, '0.00']
  ])('%d is %s', (value, shown) => expect(money(value)).toBe(shown));

  const line = (state: string, cost: object | null, pending: number): string =>
    progressLine(
      readRecord({ state, cost, progress: { total: 4 }, table: [{ pending }] })!
    );

  it('stands in the progress, with what it will be', () => {
    const cost = { so_far: 0.03117, expected: 0.12, per_correct: 0.0041 };
    expect(line('running', cost, 2)).toContain(
      'cost 0.0312 so far (in the currency of its prices) · about 0.120 at the end · 0.00410 for a correct answer'
    );
    expect(line('complete', cost, 0)).toContain(
      'cost 0.0312 (in the currency of its prices) · 0.00410 for a correct answer'
    );
  });

  it('has its currency where that is named', () => {
    const cost = {
      so_far: 0.03117,
      expected: 0.12,
      per_correct: null,
      currency: 'USD'
    };
    expect(line('running', cost, 2)).toContain(
      'cost 0.0312 USD so far · about 0.120 USD at the end'
    );
  });

  it('is not spoken of where there are no prices', () => {
    expect(line('complete', null, 0)).not.toContain('cost');
  });
});

describe('the accuracy of a whole benchmark', () => {
  const row = (changes: object): ReturnType<typeof readRow> =>
    readRow({
      subset: 'all',
      n: 200,
      problems: 200,
      population: 500,
      accuracy: 0.669,
      ...changes
    });
  const readRow = (value: object) => readRecord({ table: [value] })!.table[0];

  it.each([
    [{}, 'estimated from 200 of 500'],
    [{ errors: 3 }, 'estimated from 197 of 500'],
    [{ n: 500, problems: 500, pending: 10 }, 'estimated from 490 of 500'],
    [{ n: 400, problems: 200 }, 'estimated from 400 of 1,000 answers'],
    [{ n: 500, problems: 500 }, ''],
    [{ n: 500, problems: 500, errors: 2 }, ''],
    [{ population: null }, ''],
    [{ accuracy: null }, ''],
    [{ subset: 'Level 1' }, '']
  ])('of %j is “%s”', (changes, said) =>
    expect(estimatedFrom(row(changes))).toBe(said)
  );

  it('is the mean of a score that is not 0 or 1, with its name', () => {
    const mean = {
      accuracy: null,
      metric: 'Rouge-L-R',
      mean_score: 0.54166,
      ci_low: 0.4126,
      ci_high: 0.75
    };
    expect(rowScore(row(mean))).toBe('0.542');
    expect(rowInterval(row(mean))).toBe('0.413–0.750');
    expect(estimatedFrom(row(mean))).toBe('estimated from 200 of 500');
    expect(rowScore(row({}))).toBe('66.9 %');
    const exact = { ...mean, ci_low: 0.5, ci_high: 0.5, similar_low: 0.25 };
    expect(rowInterval(row({ ...exact, similar_high: 1 }))).toBe(
      'exact (0.250–1.000)'
    );
  });

  it('leaves out what awaits a ruling', () => {
    expect(estimatedFrom(row({ awaiting_ruling: 5 }))).toBe(
      'estimated from 195 of 500'
    );
  });

  it('has an interval, unless it is exact', () => {
    expect(rowInterval(row({ ci_low: 0.615, ci_high: 0.7225 }))).toBe(
      '61.5–72.3 %'
    );
    expect(rowInterval(row({ ci_low: 0.66, ci_high: 0.66 }))).toBe('exact');
    expect(rowInterval(row({}))).toBe('–');
  });
});
