import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { cutThoughts } from '../../text/thoughts';

describe('thoughts', () => {
  const cut = (text: string): [string, string | null][] =>
    cutThoughts(text).map(({ start, end, phrase }) => [
      text.slice(start, end),
      phrase && text.slice(phrase.start, phrase.end)
    ]);

  it('begin where the model turns around', () => {
    expect(
      cut(
        'So x = 2. Wait, that is odd and long enough to count. Alternatively, use y.'
      )
    ).toEqual([
      ['So x = 2. ', null],
      ['Wait, that is odd and long enough to count. ', 'Wait'],
      ['Alternatively, use y.', 'Alternatively']
    ]);
    expect(
      cut(
        '所以是三。等等，这里好像有一点问题，我们需要把前面的步骤全部再看一遍，包括每一个数字和每一个符号。另一种方法是代入。'
      )
    ).toEqual([
      ['所以是三。', null],
      [
        '等等，这里好像有一点问题，我们需要把前面的步骤全部再看一遍，包括每一个数字和每一个符号。',
        '等等'
      ],
      ['另一种方法是代入。', '另一种']
    ]);
  });

  it('do not begin inside a sentence or a word', () => {
    expect(
      cut('We wait. I await actually nothing, alternatively.')
    ).toHaveLength(1);
  });

  it('take phrases that follow each other as one turn', () => {
    expect(cut('Fine.\n\nHmm, wait. Let me check this.')).toHaveLength(2);
  });

  // The same cases as tests/trace/test_thoughts.py.
  const cases: { text: string; turns: string[] }[] = JSON.parse(
    readFileSync(new URL('thoughts.json', import.meta.url), 'utf-8')
  );
  it.each(cases)('turn in $text', ({ text, turns }) => {
    const [, ...rest] = cutThoughts(text);
    expect(rest.length).toBe(turns.length);
    rest.forEach(({ start, phrase }, index) => {
      expect(text.slice(start, start + turns[index].length)).toBe(turns[index]);
      expect(phrase?.start).toBe(start);
    });
  });

  it('together are the whole text', () => {
    const text = 'Wait. '.repeat(500) + '\n\nHmm '.repeat(500);
    const thoughts = cutThoughts(text);
    expect(thoughts.map(t => text.slice(t.start, t.end)).join('')).toBe(text);
  });

  it('take no longer for a text of nothing but spaces or dashes', () => {
    const started = performance.now();
    for (const text of ['-', ' ', '\n', '= ', '=' + ' '.repeat(999)]) {
      const long = `x\n${text.repeat(400_000 / text.length)}`;
      cutThoughts(long);
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  const starts = (text: string, ...found: string[]): number[] =>
    found.map(words => text.indexOf(words));

  it('begin where the record says, whatever the phrases', () => {
    const text = 'Hmm, so x = 2. Wait, not that one. Then again, maybe: 3.';
    const switches = starts(text, 'Then again');
    const thoughts = cutThoughts(text, switches);
    expect(thoughts.map(t => text.slice(t.start, t.end))).toEqual([
      'Hmm, so x = 2. Wait, not that one. ',
      'Then again, maybe: 3.'
    ]);
    const phrases = thoughts.map(
      ({ phrase }) => phrase && text.slice(phrase.start, phrase.end)
    );
    expect(phrases).toEqual(['Hmm', 'Then']);
  });

  it('are one where the record says that there is no switch', () => {
    expect(cutThoughts('One.\n\nWait, two.\n\nWait, three.', [])).toHaveLength(
      1
    );
  });

  it('have the whole phrase marked where the record says one begins', () => {
    const text = '所以是三。等等，让我再检查。';
    const [, second] = cutThoughts(text, starts(text, '等等'));
    expect(text.slice(second.phrase!.start, second.phrase!.end)).toBe('等等');
  });

  it.each([[[0]], [[-3, 2]], [[99, 1e9]]])(
    'are the whole text for senseless switches %j',
    switches => {
      const text = 'Some text.';
      const thoughts = cutThoughts(text, switches);
      expect(thoughts.map(t => text.slice(t.start, t.end)).join('')).toBe(text);
    }
  );
});
