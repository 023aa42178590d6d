import { describe, expect, it } from 'vitest';

import { blocksOf } from '../../text/prose';

describe('blocks', () => {
  it.each([
    'x'.repeat(1_000_000),
    'word '.repeat(50_000),
    'line\n\n'.repeat(20_000),
    '😀'.repeat(9_000)
  ])('of a long text are short and whole', text => {
    const blocks = blocksOf(text, 0, text.length);
    expect(blocks.map(b => text.slice(b.start, b.end)).join('')).toBe(text);
    expect(Math.max(...blocks.map(b => b.end - b.start))).toBeLessThan(3_100);
    expect(
      blocks.some(b => /^[\udc00-\udfff]/.test(text.slice(b.start, b.end)))
    ).toBe(false);
  });

  it('take no longer for tables of lines without an end', () => {
    const started = performance.now();
    for (const text of ['|'.repeat(1_000_000), '| a |\n'.repeat(150_000)]) {
      const blocks = blocksOf(text, 0, text.length);
      expect(blocks.map(b => text.slice(b.start, b.end)).join('')).toBe(text);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
