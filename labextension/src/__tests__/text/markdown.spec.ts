import { describe, expect, it } from 'vitest';

import corpus from '../../../../tests/view/markdown_corpus.json';
import {
  blocksIn,
  codeIn,
  fencesOf,
  formulasOf,
  INode
} from '../../text/markdown';
import { blocksOf } from '../../text/prose';
import { readable } from '../../text/readable';
import { IPiece } from '../../text/tex';

const NAMES: Record<string, string> = {
  paragraph: 'p',
  heading: 'p',
  bullets: 'ul',
  numbers: 'ol',
  item: 'li',
  quote: 'blockquote',
  code: 'pre',
  rule: 'hr',
  table: 'table',
  row: 'tr',
  head: 'th',
  cell: 'td',
  strong: 'strong',
  emphasis: 'em',
  source: 'code'
};

/** A text as the corpus writes it: elements by name, formulas as `tex` and `source`, no spaces of the layout. */
function shapeOf(text: string): string {
  const formulas = formulasOf(text);
  const textOf = ({ start, end }: INode): string => {
    let shown = '';
    let at = start;
    for (const piece of formulas) {
      if (piece.start >= start && piece.end <= end) {
        shown += text.slice(at, piece.start) + pieceOf(piece);
        at = piece.end;
      }
    }
    return shown + text.slice(at, end);
  };
  const pieceOf = ({ kind, shown }: IPiece): string =>
    kind === 'dollar'
      ? shown
      : `${shown.startsWith('\\boxed') ? 'code' : kind}[${shown}]`;
  const isCode = (node: INode): boolean =>
    node.kind === 'code' || node.kind === 'source';
  const shape = (node: INode, parent: INode | null): string => {
    const inner = node.children
      .map(child =>
        child.kind !== 'text'
          ? shape(child, node)
          : isCode(node)
            ? text.slice(child.start, child.end)
            : textOf(child)
      )
      .join('');
    if (node.kind === 'paragraph' && parent?.kind === 'item') {
      return inner;
    }
    const block = /strong|emphasis|source/.test(node.kind) ? '' : ' ';
    const level =
      node.kind === 'numbers' && node.level !== 1 ? String(node.level) : '';
    const content = node.kind === 'heading' ? `strong[${inner}]` : inner;
    return `${block}${NAMES[node.kind]}${level}[${content.trim()}]`;
  };
  return blocksIn(text, formulas)
    .map(node => shape(node, null))
    .join('');
}

const flat = (text: string): string =>
  text.replace(/\s+/g, ' ').replace(/\[ /g, '[').trim();

describe('Markdown', () => {
  it.each(corpus.markdown)('$text', ({ text, shape }) =>
    expect(flat(shapeOf(text))).toBe(flat(shape))
  );

  it('leaves no word out', () => {
    const words = (text: string): string[] => text.match(/[a-z]+/gi) ?? [];
    for (const { text } of corpus.markdown) {
      const shown: string[] = [];
      const collect = (node: INode): void => {
        if (node.kind === 'text') {
          shown.push(text.slice(node.start, node.end));
        }
        node.children.forEach(collect);
      };
      blocksIn(text, formulasOf(text)).forEach(collect);
      const left = words(text).filter(word => word !== 'python');
      expect(words(shown.join(' '))).toEqual(expect.arrayContaining(left));
    }
  });

  it.each([
    '*a_ ',
    '**a',
    '>',
    '- ',
    '`',
    '|a',
    '> - ',
    '[',
    '1. ',
    '- a\n  ',
    '[asy]\n;'
  ])('takes no longer for a block of nothing but %j', piece => {
    const text = piece.repeat(3_000 / piece.length);
    const started = performance.now();
    blocksIn(text, formulasOf(text));
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('fenced code', () => {
  const program = `\`\`\`python\n${'x = 1\n\n'.repeat(600)}\`\`\`\n`;
  const row = '| 1 | two words |\n';

  it('is found with its fences, and to the end where it is not closed', () => {
    const text = `a\n${program}b\n~~~\nc`;
    expect(
      fencesOf(text).map(({ start, end }) => text.slice(start, end).trim())
    ).toEqual([program.trim(), '~~~\nc']);
  });

  it.each([
    ['program', program],
    ['figure', `[asy]\n${'dot(A);\n\n'.repeat(400)}[/asy]`],
    ['table', `| a | b |\n|---|---|\n${row.repeat(200)}`]
  ])('and tables: no block ends within a %s', (_, whole) => {
    const text = `${'word '.repeat(300)}\n\n${whole}\n${'word '.repeat(300)}`;
    const blocks = blocksOf(text, 0, text.length, codeIn(text));
    expect(blocks.map(b => text.slice(b.start, b.end)).join('')).toBe(text);
    const at = text.indexOf(whole);
    const cuts = blocks.map(({ end }) => end);
    expect(
      cuts.filter(cut => cut > at && cut < at + whole.trimEnd().length)
    ).toEqual([]);
  });
});

describe('values in a list', () => {
  it.each(corpus.values)('$value', ({ value, plain }) =>
    expect(readable(value)).toBe(plain)
  );
});
