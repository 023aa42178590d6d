import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { ITrace } from '../../model/entry';
import { TextBlocks, unpack } from '../../page/blocks';

function packed(value: unknown): string {
  return deflateRawSync(Buffer.from(JSON.stringify(value))).toString('base64');
}

describe('unpack', () => {
  it('opens what Python compresses', async () => {
    expect(await unpack(packed({ a: ['ü 😀', '</script>'] }))).toEqual({
      a: ['ü 😀', '</script>']
    });
  });

  it('rejects what is cut off, no JSON, or too large', async () => {
    const whole = packed('x'.repeat(10_000));
    await expect(unpack(whole.slice(0, 12))).rejects.toThrow();
    await expect(unpack(packed(1).slice(0, 0))).rejects.toThrow();
    await expect(unpack(whole, 5_000)).rejects.toThrow('too large');
    expect(await unpack(whole, 20_000)).toHaveLength(10_000);
  });
});

describe('TextBlocks', () => {
  const block = { '0 a': ['think', 'say'], '1 a': ['no'], '0 b': 7 };
  const blocks = new TextBlocks(name =>
    name === 'block-0' ? packed(block) : null
  );

  it('knows which blocks there are', () => {
    expect(blocks.pathOf('block-0')).toBe('block-0');
    expect(blocks.pathOf('predictions/x.jsonl')).toBeNull();
  });

  it('hands on the texts that are wanted, and none that are of another kind', async () => {
    const found = new Map<string, ITrace>();
    const keys = new Set(['0 a', '0 b', '0 c', 'constructor']);
    await blocks.read('block-0', { keys, found: (k, t) => found.set(k, t) });
    expect([...found]).toEqual([
      ['0 a', { reasoning: 'think', answer: 'say' }]
    ]);
    await expect(
      blocks.read('block-1', { keys, found: () => undefined })
    ).rejects.toThrow('not there');
  });
});
