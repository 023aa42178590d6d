import { describe, expect, it } from 'vitest';

import { asWord, resumeLine, showLine } from '../../record/commands';

describe('a name as a word of a line', () => {
  it.each(['math', 'a.b_c+d-e', '20260101-math_500', '.hidden'])(
    '%j stands as it is',
    name => expect(asWord(name)).toBe(name)
  );

  it.each(['two words', 'größe', '数学', '(1)', 'a@b'])('%j is quoted', name =>
    expect(asWord(name)).toBe(`'${name}'`)
  );

  it.each([
    '',
    '-rf',
    '--out',
    ' a',
    '{x}',
    '$HOME',
    'a;b',
    'a!b',
    "a'b",
    'a"b',
    'a`b',
    'a\\',
    'a\nb',
    'a\u2028b',
    'a\u202eb',
    'a\u200bb',
    'a|sh',
    'a?',
    '~root',
    'a*',
    '\u001b[2J'
  ])('%j is none', name => expect(asWord(name)).toBeNull());
});

describe('a line', () => {
  it('names the run alone where it lies as usual, and its folder where it does not', () => {
    expect(resumeLine('qwq_runs/a')).toBe('%qwq_resume a');
    expect(resumeLine('sub\\qwq_runs\\a')).toBe('%qwq_resume a');
    expect(showLine('a/')).toBe('%qwq_show a');
    expect(showLine('/data/runs/a b')).toBe("%qwq_show 'a b' --out /data/runs");
  });

  it.each([
    '',
    '../x/a',
    'x;y/a',
    '$(id)/a',
    '-x/a',
    'https://evil/a',
    'a/{b}',
    'x y/a'
  ])('of %j is none', folder => {
    expect(resumeLine(folder)).toBeNull();
    expect(showLine(folder)).toBeNull();
  });
});
