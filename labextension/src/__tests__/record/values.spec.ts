import { describe, expect, it } from 'vitest';

import {
  duration,
  money,
  number,
  percent,
  sampling
} from '../../record/format';
import { readRecord, RunRecord } from '../../record/record';
import { clipped, inWords, parseJson } from '../../record/values';

const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) {
    value = [value];
  }
  return value;
};

describe('numbers beyond measure', () => {
  it.each([
    [1.23e300, '1.2e300'],
    [-1e15, '−1.0e15'],
    [999_999_999_999_999, '999,999,999,999,999']
  ])('%d is %s', (value, shown) => expect(number(value)).toBe(shown));

  it('fit every format', () => {
    expect(percent(1e300)).toBe('1.0e302 %');
    expect(money(1e-300)).toMatch(/^0\.0+$/);
    expect(money(1e-300).length).toBeLessThan(30);
    expect(duration(1e300)).toMatch(/^2\.8e296 h \d\d min$/);
  });
});

describe('values of JSON', () => {
  it('are clipped', () => {
    expect(clipped('abc', 3)).toBe('abc');
    expect(clipped('abcd', 3)).toBe('ab…');
  });

  it('are put into words, whatever they are', () => {
    expect(inWords({ a: [1] })).toBe('{"a":[1]}');
    expect(inWords(JSON.parse('{"toString": 1}'))).toBe('{"toString":1}');
    expect(inWords(deep(200_000))).toBe('…');
    expect(inWords('x'.repeat(1_000))).toHaveLength(300);
    // The control: what the engine makes of such values by itself.
    expect(() => String(JSON.parse('{"toString": 1, "valueOf": 1}'))).toThrow();
    expect(() => String(deep(200_000))).toThrow();
  });

  it('are read though Python wrote NaN', () => {
    expect(parseJson('{"a": [NaN, -Infinity, 1]}')).toEqual({
      a: [null, null, 1]
    });
    const text = '{"a": NaN, "b": "NaN, \\"Infinity\\" \\\\"}';
    expect(parseJson(text)).toEqual({ a: null, b: 'NaN, "Infinity" \\' });
    expect(() => parseJson('{"a": NaNa}')).toThrow(SyntaxError);
    expect(() => parseJson('{')).toThrow(SyntaxError);
  });
});

describe('a record from anybody', () => {
  const read = (value: object): RunRecord => readRecord(value)!;

  it('has texts, lists and mappings of bounded size', () => {
    const long = 'x'.repeat(1_000_000);
    const record = read({
      name: long,
      versions: Object.fromEntries(
        Array.from({ length: 5_000 }, (_, i) => [`k${i}`, long])
      ),
      samples: [{ id: long, flags: Array(200_000).fill('loop'), why: long }]
    });
    expect(record.name).toHaveLength(20_000);
    expect(Object.keys(record.versions)).toHaveLength(1_000);
    expect(record.samples[0].flags).toHaveLength(1_000);
    expect(record.samples[0].why).toHaveLength(20_000);
  });

  it('keeps reasoning whole', () => {
    const text = 'x'.repeat(1_000_000);
    const [sample] = read({ samples: [{ reasoning: { text } }] }).samples;
    expect(sample.reasoning!.text).toHaveLength(1_000_000);
  });

  it('with too many samples says so', () => {
    const record = read({ samples: Array(100_003).fill({}), notes: ['first'] });
    expect(record.samples).toHaveLength(100_000);
    expect(record.notes).toEqual([
      '3 more samples of this record are not shown.',
      'first'
    ]);
  });

  it('with values of any kind in its sampling is put into words', () => {
    const record = read({
      sampling: { temperature: deep(200_000), stop: ['a'], top_p: { x: 1 } }
    });
    expect(sampling(record)).toBe('temperature …, top_p {"x":1}, stop ["a"]');
  });

  it('is not fooled by __proto__', () => {
    const record = read(
      JSON.parse('{"__proto__": {"name": "x"}, "sampling": {"__proto__": 1}}')
    );
    expect(record.name).toBe('');
    expect(({} as Record<string, unknown>).name).toBeUndefined();
  });
});
