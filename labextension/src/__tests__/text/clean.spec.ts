import { describe, expect, it } from 'vitest';

import { oneLine, pythonIndex, pythonLength, visible } from '../../text/clean';

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
