import katex from 'katex';
import { describe, expect, it } from 'vitest';

import { OPTIONS, undelimited } from '../../page/formulas';
import { TEX_WORDS } from '../../record/vocabulary';

describe('undelimited', () => {
  it.each([
    ['$x$', 'x', false],
    ['\\(x\\)', 'x', false],
    ['$$x$$', 'x', true],
    ['\\[x\n+1\\]', 'x\n+1', true],
    ['\\begin{align}x\\end{align}', '\\begin{align}x\\end{align}', true]
  ])('%s', (source, tex, isDisplay) => {
    expect(undelimited(source)).toEqual([tex, isDisplay]);
  });

  it('leaves what is no formula', () => {
    expect(undelimited('x')).toBeNull();
    expect(undelimited('')).toBeNull();
  });
});

describe('KaTeX', () => {
  it('knows nearly all words that may be typeset', () => {
    // A word alone may want an argument; what KaTeX does not know is "Undefined control sequence".
    const unknown = [...TEX_WORDS].filter(word => {
      try {
        katex.renderToString(`\\${word}`, { macros: OPTIONS.macros });
        return false;
      } catch (error) {
        return String(error).includes('Undefined control sequence');
      }
    });
    expect(unknown).toEqual(['cancelto', 'ce', 'cr', 'root']);
  });

  it('links nothing, and grows without end nowhere', () => {
    const set = (tex: string): string => katex.renderToString(tex, OPTIONS);
    const hostile =
      '\\href{javascript:x}{y} \\includegraphics{http://x} \\htmlId{a}{b}';
    expect(set(hostile)).not.toMatch(/<a\b|<img\b|(?:href|src|id)=/);
    expect(() => set('\\def\\a{\\a\\a}\\a')).toThrow();
    expect(set('\\rule{9999em}{1em}')).not.toContain('9999em;');
  });
});
