import { describe, expect, it } from 'vitest';

import { firstMention } from '../../text/mention';

describe('the gold value', () => {
  it.each([
    ['There are 8 of 18, step 8: so 18 = 8 + 10. So b = 8.', '8', 'b = 8.', 4],
    ['so it is $\\dfrac{1}{2}$ now', '\\frac{1}{2}', '\\dfrac', 0],
    ['that makes 1/2 of it', '\\frac{1}{2}', '1/2', 0],
    ['1042, then 10423, then 1042.', '1042', '1042,', 0],
    ['A is odd. The answer is (C).', 'C', 'C).', 0],
    ['x^{1234} and 1234.', '1234', '1234.', 0]
  ])('mention in %j the value %s', (text, gold, at, offset) => {
    expect(firstMention(text, gold)?.start).toBe(text.indexOf(at) + offset);
  });

  it('take no longer for a text of nothing but spaces or dashes', () => {
    const started = performance.now();
    for (const text of ['-', ' ', '\n', '= ', '=' + ' '.repeat(999)]) {
      const long = `x\n${text.repeat(400_000 / text.length)}`;
      firstMention(long, '8');
      firstMention(long, '\\frac{1}{2} x y');
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('mention nothing that is not there', () => {
    expect(firstMention('18, 80, x8, 8.5, 8x', '8')).toBeNull();
    expect(firstMention('anything', '')).toBeNull();
  });
});
