import { describe, expect, it } from 'vitest';

import { RunModel } from '../../model/model';
import { Matcher } from '../../model/search';
import { excerptOf } from '../../model/texts';
import { readRecord } from '../../record/record';

describe('search', () => {
  it('takes text as text, in any case', () => {
    expect(new Matcher('a.B').ranges('xA.b, acb')).toEqual([
      { start: 1, end: 4 }
    ]);
  });

  it('begins anew with each text', () => {
    const matcher = new Matcher('wait');
    expect(matcher.first('... wait')).toEqual({ start: 4, end: 8 });
    expect(matcher.ranges('wait')).toHaveLength(1);
  });

  it('stops at so many', () => {
    expect(new Matcher('x').ranges('x'.repeat(2_000))).toHaveLength(500);
  });
});

describe('an excerpt', () => {
  const cut = (text: string, query: string): string => {
    const range = new Matcher(query).first(text)!;
    const { before, hit, after } = excerptOf({ part: 'answer', text }, range);
    return `${before}[${hit}]${after}`;
  };

  it('is of one line, and says where something is left out', () => {
    expect(cut('so it is 60.', '60')).toBe('so it is [60].');
    const long = cut(`${'a'.repeat(50)}60${'b'.repeat(500)}`, '60');
    expect(long).toBe(`…${'a'.repeat(16)}[60]${'b'.repeat(120)}…`);
    expect(cut('x'.repeat(900), 'x'.repeat(300))).toMatch(/^\[x{80}\]…x/);
  });

  it('is of what is read first, and of an id last', () => {
    const model = new RunModel();
    const samples = [
      { id: 'a/60', repeat: 0, outcome: 'wrong', answer: { text: 'is 60' } },
      { id: 'a/60b', repeat: 0, outcome: 'wrong' },
      { id: 'a/7', repeat: 0, outcome: 'wrong', reasoning: { text: '59' } }
    ];
    model.update(readRecord({ run_id: '1', samples })!);
    model.selector.filter.query = '60';
    model.selector.select();
    const parts = ['0 a/60', '0 a/60b', '0 a/7'].map(
      key => model.selector.finder.excerpt(key)?.part
    );
    expect(parts).toEqual(['answer', 'id', undefined]);
    model.selector.filter.query = '';
    model.selector.select();
    expect(model.selector.finder.excerpt('0 a/60')).toBeNull();
  });
});
