import { describe, expect, it } from 'vitest';

import { Matcher } from '../../model/search';

describe('search', () => {
  it('takes text as text, in any case', () => {
    expect(new Matcher('a.B').ranges('xA.b, acb')).toEqual([
      { start: 1, end: 4 }
    ]);
  });

  it('begins anew with each text', () => {
    const matcher = new Matcher('wait');
    expect(matcher.test('... wait')).toBe(true);
    expect(matcher.ranges('wait')).toHaveLength(1);
  });

  it('stops at so many', () => {
    expect(new Matcher('x').ranges('x'.repeat(2_000))).toHaveLength(500);
  });
});
