import { describe, expect, it } from 'vitest';

import { cutThoughts } from '../../text/thoughts';
import { chunksOf } from '../../view/body';

describe('chunks', () => {
  const text = Array.from(
    { length: 1_000 },
    (_, i) => `Wait, thought ${i} has to be looked at again, with more care.\n`
  ).join('');

  it.each([text, 'x'.repeat(1_000_000), '', 'word '.repeat(9_000)])(
    'are the whole text, and none is large',
    text => {
      const chunks = chunksOf(text, cutThoughts(text), []);
      expect(
        chunks.map(({ start, end }) => text.slice(start, end)).join('')
      ).toBe(text);
      for (const { start, end, pieces } of chunks) {
        expect(end - start).toBeLessThan(12_000);
        expect(pieces.length).toBeLessThanOrEqual(30);
      }
    }
  );

  it('but the last do not change when the text grows', () => {
    const before = chunksOf(text, cutThoughts(text), []);
    const longer = `${text}Wait, there is more of it.`;
    const after = chunksOf(longer, cutThoughts(longer), []);
    const signatures = before.slice(0, -1).map(({ signature }) => signature);
    expect(signatures.length).toBeGreaterThan(20);
    expect(
      after.slice(0, signatures.length).map(({ signature }) => signature)
    ).toEqual(signatures);
  });

  it('have the marks that are in them', () => {
    const at = text.indexOf('thought 500');
    const mark = { start: at, end: at + 7, kind: 'hit', title: '' } as const;
    const chunks = chunksOf(text, cutThoughts(text), [mark]);
    const plain = chunksOf(text, cutThoughts(text), []);
    chunks.forEach((chunk, index) => {
      const isHere = chunk.start <= at && at < chunk.end;
      expect(chunk.marks).toEqual(isHere ? [mark] : []);
      expect(chunk.signature === plain[index].signature).toBe(!isHere);
    });
  });
});
