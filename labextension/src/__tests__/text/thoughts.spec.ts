import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { cutThoughts, kindOf } from '../../text/thoughts';

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

describe('what a thought does', () => {
  const kind = (text: string): string =>
    kindOf(text, { start: 0, end: text.length });

  it.each([
    ['Wait, that cannot be right: the sum is odd.', 'correction'],
    ['Wait, I made a mistake in the second step.', 'correction'],
    ['Hmm, that contradicts the first equation.', 'correction'],
    ['不对，这里算错了。', 'correction'],
    ['Let me double-check the sum once more.', 'check'],
    ['But wait, let me verify with x = 3.', 'check'],
    ['Wait, is that correct? 3 + 4 is 7.', 'check'],
    ['让我验证一下。', 'check'],
    ['Alternatively, use the law of cosines.', 'alternative'],
    ['Another approach: count the pairs.', 'alternative'],
    ['Hmm, what if the triangle is not acute?', 'alternative'],
    ['另一种方法是代入。', 'alternative'],
    ['Wait, the problem says integers.', 'turn'],
    ['Hmm, so the terror of it.', 'turn'],
    ['', 'turn']
  ])('in %j is %s', (text, expected) => expect(kind(text)).toBe(expected));

  it('is told by its first words alone', () => {
    expect(kind(`Wait, ${'and so on '.repeat(20)} check it.`)).toBe('turn');
    const both = 'So it is.Let me check that.';
    expect(kindOf(both, { start: 0, end: 9 })).toBe('turn');
    expect(kindOf(both, { start: 9, end: both.length })).toBe('check');
  });
});
