import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { oneLine, pythonIndex, pythonLength, visible } from '../clean';
import { Matcher } from '../search';
import { isSafe, split, valueAsPlain, valueAsTex } from '../tex';
import { cutThoughts, firstMention } from '../thoughts';
import { whyOf } from '../view/attempt';
import { blocksOf } from '../view/prose';

describe('unseen characters', () => {
  it.each([
    ['\x1b[31mred\x07', '␛[31mred␇'],
    ['abc\u202edcba', 'abc\\u202edcba'],
    ['zero\u200bwidth\ufeff', 'zero\\u200bwidth\\ufeff'],
    ['tag \u{e0041}', 'tag \\U000e0041'],
    ['\x9b31m\x7f', '\\x9b31m␡'],
    ['lone \ud800, pair 😀', 'lone \ufffd, pair 😀'],
    ['a\r\nb\tc\n', 'a\nb\tc\n']
  ])('%j', (text, shown) => expect(visible(text)).toBe(shown));

  it('fit on a line', () => {
    expect(oneLine(' a \n b\u202e ', 20)).toBe('a b\\u202e');
    expect(oneLine('x'.repeat(1_000_000), 10)).toBe('xxxxxxxxx…');
  });

  it('are counted as Python counts them', () => {
    expect(pythonLength('a😀b')).toBe(3);
    expect('a😀b'.slice(pythonIndex('a😀b', 2))).toBe('b');
    expect(pythonIndex('abc', 99)).toBe(3);
  });
});

describe('the reason of an outcome', () => {
  it.each([
    [
      'extracted (-5,5), gold is \\left(-\\frac{7}{3},5\\right)',
      'the extracted value is not the gold one'
    ],
    [
      'extracted 5, gold is 6, which stands in the text but was not extracted',
      'the extracted value is not the gold one, which stands in the text but was not extracted'
    ],
    [
      'extracted 5, which is right, given before the token limit cut the text',
      'the extracted value is right, given before the token limit cut the text'
    ],
    ['nothing to extract', 'nothing to extract']
  ])('%s', (why, shown) => expect(whyOf({ why, gold: '6' })).toBe(shown));
});

describe('formulas', () => {
  const kinds = (text: string): string[] =>
    split(text).map(({ kind, shown }) => `${kind}:${shown}`);

  it.each([
    [
      'is $\\frac12$, \\(y\\)',
      ['text:is ', 'tex:$\\frac12$', 'text:, ', 'tex:\\(y\\)']
    ],
    ['pays $5 and $6 for', ['text:pays $5 and $6 for']],
    ['\\boxed{4}', ['tex:\\(\\boxed{4}\\)']],
    ['\\$7', ['dollar:$', 'text:7']],
    ['$\\href{javascript:x}{y}$', ['source:$\\href{javascript:x}{y}$']],
    ['$$\\html{x}$$', ['source:$$\\html{x}$$']],
    ['$5%$ x', ['tex:$5\\%$', 'text: x']],
    ['\\begin{align}x\\end{align}', ['tex:\\begin{align}x\\end{align}']]
  ])('%j', (text, pieces) => expect(kinds(text)).toEqual(pieces));

  it('together are the whole text', () => {
    const text = 'a $x$ \\$ b \\[y\\] \\boxed{1} $$ { $z$';
    const pieces = split(text);
    expect(pieces.map(p => text.slice(p.start, p.end)).join('')).toBe(text);
  });

  it.each([
    '$\\def\\a{x}$',
    '$\\rule{9em}{9em}$',
    '$x\\\\[-900em]y$',
    '$\\hspace{-9em}z$',
    '\\begin{array}{*{999999}{c}}x\\end{array}',
    `$${'{'.repeat(40)}${'}'.repeat(40)}$`,
    '$\\begin{align}\\end{array}$',
    `$${'x'.repeat(5_000)}$`
  ])('refuses %j', formula => expect(isSafe(formula)).toBe(false));

  it('take no longer for a text of nothing but openers', () => {
    const started = performance.now();
    for (const text of ['\\begin{align}', '\\(', '$', '\\boxed{', '{']) {
      split(text.repeat(20_000));
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('are made of values', () => {
    expect(valueAsTex('\\frac{1}{2}')).toBe('\\(\\frac{1}{2}\\)');
    expect(valueAsTex('$x^2$')).toBe('\\(x^2\\)');
    expect(valueAsTex('42')).toBeNull();
    expect(valueAsTex('\\href{x}{y}')).toBeNull();
  });
});

describe('values in a list', () => {
  it.each([
    ['-\\frac{120}{119}', '-120/119'],
    ['\\left(-\\dfrac{7}{3},5\\right)', '(-7/3,5)'],
    ['8\\sqrt{3}-\\frac{x+1}{\\pi}', '8√3-(x+1)/(π)'],
    ['90^\\circ', '90°'],
    ['\\text{east}', 'east'],
    ['\\frac{45\\sqrt{7}}{4}', '45√7/4'],
    ['\\frac{1+\\sqrt{14}}{\\sqrt{x+1}}', '(1+√14)/√(x+1)'],
    ['\\href{x}{y}', '\\href{x}{y}']
  ])('%s', (value, plain) => expect(valueAsPlain(value)).toBe(plain));
});

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
      cutThoughts(long);
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
});
