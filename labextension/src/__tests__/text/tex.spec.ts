import { describe, expect, it } from 'vitest';

import { isSafe, split, valueAsTex } from '../../text/tex';

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
