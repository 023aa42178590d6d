/**
 * The Markdown of a text as a tree of ranges: paragraphs, headings, lists, quotes, code, tables, bold and italics.
 *
 * Lezer's parser says where everything stands, so places in the text stay exact. Html, links, images, references and
 * entities are no syntax here, but text: what a model writes asks no server for anything. Asymptote's code, which draws
 * the figures of MATH, is code: `[asy] … [/asy]`, with its tags. `qwq_nb/view/markdown.py`
 * reads texts alike; `tests/view/markdown_corpus.json` holds both to that.
 */
import { SyntaxNode } from '@lezer/common';
import { parser, Table } from '@lezer/markdown';

import { IRange } from './range';
import { IPiece, split } from './tex';

type Block =
  | 'paragraph'
  | 'heading'
  | 'bullets'
  | 'numbers'
  | 'item'
  | 'quote'
  | 'code'
  | 'rule'
  | 'table'
  | 'row';
type Inline = 'strong' | 'emphasis' | 'source' | 'text';

/** A part of a text; `text` and what stands in `code` and `source` is to be shown as it is. */
export interface INode extends IRange {
  kind: Block | Inline | 'cell' | 'head';
  children: INode[];
  /** Of a heading: 1 to 6; of a numbered list: its first number. */
  level?: number;
  /** Of code: the language it is said to be in. */
  info?: string;
}

const PARSER = parser.configure([
  Table,
  {
    remove: [
      'HTMLBlock',
      'HTMLTag',
      'Link',
      'Image',
      'Autolink',
      'LinkReference',
      'Entity',
      'IndentedCode',
      'SetextHeading'
    ]
  }
]);

/** Texts without any of these have paragraphs alone. */
const SYNTAX = /[*_`|]|^[ \t]{0,12}(?:[-+#>]|\d{1,9}[.)]|~~~)|\\[*_`#~>+.|-]/m;
/** A formula is masked by letters that no syntax is made of: its length stays, and every place with it. */
const MASK = '\ue000';
/** Levels of lists, quotes and emphasis within one another; a text with more has paragraphs alone. */
const DEEPEST = 24;
/** What a backslash is taken away from; before anything else it may be TeX's. */
const ESCAPED = /[*_`#~>+.-]/;
const FENCE =
  /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})([^\n]*)$/gm;

/** A tag of Asymptote's code; one that is quoted in backticks is none. */
const TAG = /(?<!`)\[(\/?)asy\](?!`)/gi;
/** Characters of such code, at most; what is longer is read as text. */
const LONGEST_ASY = 12_000;

/** Stretches of fenced code between `start` and `end`, with their fences; one that is never closed ends with the text. */
export function fencesOf(text: string, start = 0, end = text.length): IRange[] {
  const fences: IRange[] = [];
  const within = text.slice(start, end);
  if (!within.includes('```') && !within.includes('~~~')) {
    return fences;
  }
  let open: { at: number; fence: string } | null = null;
  for (const match of within.matchAll(FENCE)) {
    const [line, fence, rest] = match;
    if (open === null) {
      if (fence[0] === '~' || !rest.includes('`')) {
        open = { at: match.index, fence };
      }
    } else if (fence.startsWith(open.fence) && rest.trim() === '') {
      const closed = start + match.index + line.length;
      fences.push({ start: start + open.at, end: closed });
      open = null;
    }
  }
  if (open !== null) {
    fences.push({ start: start + open.at, end });
  }
  return fences;
}

/**
 * Stretches of Asymptote's code with their tags, none in fenced code. Code has a semicolon, so that a sentence about the
 * tags is none. Where the end is missing (a stream, a cut), it is the paragraph below the tag.
 */
export function asyOf(text: string, fences = fencesOf(text)): IRange[] {
  const found: IRange[] = [];
  let open: { at: number; after: number } | null = null;
  const add = (end: number): void => {
    const { at, after } = open!;
    const isCode = text.slice(after, end).includes(';');
    if (isCode && end - at <= LONGEST_ASY) {
      found.push({ start: at, end });
    }
    open = null;
  };
  const give = (until: number): void => {
    if (open !== null && /^[ \t]*\n/.test(text.slice(open.after, until))) {
      const below = text.slice(open.after, until).trimEnd();
      const blank = /\S[ \t]*\n[ \t]*\n/.exec(below);
      add(open.after + (blank ? blank.index + 1 : below.length));
    }
    open = null;
  };
  let next = 0;
  for (const match of text.matchAll(TAG)) {
    const after = match.index + match[0].length;
    while (next < fences.length && fences[next].end <= match.index) {
      give(fences[next++].start);
    }
    if (next < fences.length && fences[next].start <= match.index) {
      continue;
    }
    if (match[1] === '') {
      give(match.index);
      open = { at: match.index, after };
    } else if (open !== null) {
      add(after);
    }
  }
  give(next < fences.length ? fences[next].start : text.length);
  return found;
}

/** Stretches that are no prose, in order: fenced code, and Asymptote's. */
export function codeIn(text: string): IRange[] {
  const fences = fencesOf(text);
  const asy = asyOf(text, fences);
  return asy.length
    ? [...fences, ...asy].sort((a, b) => a.start - b.start)
    : fences;
}

/** The formulas and escaped dollars of a text, in order; none of them in code of several lines. */
export function formulasOf(text: string): IPiece[] {
  const found: IPiece[] = [];
  let from = 0;
  const look = (until: number): void => {
    for (const piece of split(text.slice(from, until))) {
      // What has a backtick in it has found its dollar beyond a span of code.
      if (piece.kind !== 'text' && !piece.shown.includes('`')) {
        found.push({
          ...piece,
          start: piece.start + from,
          end: piece.end + from
        });
      }
    }
  };
  for (const code of codeIn(text)) {
    look(code.start);
    from = code.end;
  }
  look(text.length);
  return found;
}

/** The blocks of a text. `formulas`: what of it is no Markdown. */
export function blocksIn(text: string, formulas: readonly IRange[]): INode[] {
  let masked = '';
  let position = 0;
  for (const { start, end } of formulas) {
    masked += text.slice(position, start) + MASK.repeat(end - start);
    position = end;
  }
  masked += text.slice(position);
  const nodes: INode[] = [];
  let from = 0;
  const prose = (until: number): void => {
    const within = markdownIn(masked.slice(from, until));
    nodes.push(...(from > 0 ? within.map(node => moved(node, from)) : within));
  };
  for (const asy of asyOf(text)) {
    prose(asy.start);
    const children: INode[] = [{ ...asy, kind: 'text', children: [] }];
    nodes.push({ ...asy, kind: 'code', info: '', children });
    from = asy.end;
  }
  prose(text.length);
  return nodes;
}

/** The node with its places `by` characters further on. */
export function moved(node: INode, by: number): INode {
  return {
    ...node,
    start: node.start + by,
    end: node.end + by,
    children: node.children.map(child => moved(child, by))
  };
}

/** The blocks of a text without Asymptote's code, its formulas masked. */
function markdownIn(masked: string): INode[] {
  if (!SYNTAX.test(masked)) {
    return paragraphsIn(masked);
  }
  const tree = PARSER.parse(masked);
  let [depth, deepest] = [0, 0];
  tree.iterate({
    enter: () => {
      deepest = Math.max(deepest, ++depth);
    },
    leave: () => {
      depth--;
    }
  });
  const { topNode } = tree;
  if (deepest > DEEPEST) {
    return paragraphsIn(masked);
  }
  return childrenOf(topNode).flatMap(node => blocksOf(node, masked, 0));
}

/** What blank lines part. */
function paragraphsIn(text: string): INode[] {
  const nodes: INode[] = [];
  for (const match of text.matchAll(/[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*/g)) {
    const range = { start: match.index, end: match.index + match[0].length };
    const inner: INode = { ...range, kind: 'text', children: [] };
    nodes.push({ ...range, kind: 'paragraph', children: [inner] });
  }
  return nodes;
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    children.push(child);
  }
  return children;
}

/** `indent`: columns at the beginning of a line that belong to the list around it. */
function blocksOf(node: SyntaxNode, text: string, indent: number): INode[] {
  const { name } = node;
  const range = { start: node.from, end: node.to };
  const within = (more = indent): INode[] =>
    childrenOf(node).flatMap(child => blocksOf(child, text, more));
  const heading = /^ATXHeading(\d)$/.exec(name);
  if (heading) {
    const children = inlineOf(node, text, indent);
    return [{ ...range, kind: 'heading', level: Number(heading[1]), children }];
  }
  switch (name) {
    case 'Paragraph':
      return [
        {
          ...range,
          kind: 'paragraph',
          children: inlineOf(node, text, indent)
        }
      ];
    case 'BulletList':
      return [{ ...range, kind: 'bullets', children: within() }];
    case 'OrderedList': {
      const level = parseInt(text.slice(node.from, node.from + 9), 10);
      return [{ ...range, kind: 'numbers', level, children: within() }];
    }
    case 'ListItem': {
      const first = childrenOf(node).find(child => child.name !== 'ListMark');
      const line = text.lastIndexOf('\n', node.from - 1) + 1;
      const inner = (first?.from ?? node.to) - line;
      return [{ ...range, kind: 'item', children: within(inner) }];
    }
    case 'Blockquote':
      return [{ ...range, kind: 'quote', children: within() }];
    case 'HorizontalRule':
      return [{ ...range, kind: 'rule', children: [] }];
    case 'FencedCode':
      return [codeOf(node, text, indent)];
    case 'Table':
      return [tableOf(node, text)];
    case 'ListMark':
    case 'QuoteMark':
      return [];
    default:
      return [{ ...range, kind: 'text', children: [] }];
  }
}

function codeOf(node: SyntaxNode, text: string, indent: number): INode {
  const parts = childrenOf(node);
  const info = parts.find(({ name }) => name === 'CodeInfo');
  const children = parts
    .filter(({ name }) => name === 'CodeText')
    .flatMap(part => linesOf(part.from, part.to, text, indent));
  return {
    kind: 'code',
    start: node.from,
    end: node.to,
    info: info ? text.slice(info.from, info.to) : '',
    children
  };
}

function tableOf(node: SyntaxNode, text: string): INode {
  const rows: INode[] = [];
  for (const row of childrenOf(node)) {
    const isHead = row.name === 'TableHeader';
    if (isHead || row.name === 'TableRow') {
      const range = { start: row.from, end: row.to };
      const kind = isHead ? 'head' : 'cell';
      const children = cellsOf(row, text, kind);
      rows.push({ ...range, kind: 'row', children });
    }
  }
  return { kind: 'table', start: node.from, end: node.to, children: rows };
}

/** An empty cell is no node of the parser's: it is what stands between two delimiters. */
function cellsOf(
  row: SyntaxNode,
  text: string,
  kind: 'head' | 'cell'
): INode[] {
  const cells: INode[] = [];
  let isFilled = true;
  for (const part of childrenOf(row)) {
    const range = { start: part.from, end: part.to };
    if (part.name === 'TableCell') {
      cells.push({ ...range, kind, children: inlineOf(part, text, 0) });
      isFilled = true;
    } else if (part.name === 'TableDelimiter') {
      if (!isFilled) {
        cells.push({ ...range, kind, children: [] });
      }
      isFilled = false;
    }
  }
  return cells;
}

/** Text and what is emphasised in it; the signs that say so are left out. */
function inlineOf(node: SyntaxNode, text: string, indent: number): INode[] {
  const found: INode[] = [];
  let position = node.from;
  const plain = (until: number): void => {
    found.push(...linesOf(position, until, text, indent));
  };
  for (const child of childrenOf(node)) {
    plain(child.from);
    position = child.to;
    const range = { start: child.from, end: child.to };
    switch (child.name) {
      case 'StrongEmphasis':
      case 'Emphasis': {
        const kind = child.name === 'Emphasis' ? 'emphasis' : 'strong';
        found.push({ ...range, kind, children: inlineOf(child, text, indent) });
        break;
      }
      case 'InlineCode': {
        const [open, close] = [child.firstChild!, child.lastChild!];
        const children = linesOf(open.to, close.from, text, indent);
        found.push({ ...range, kind: 'source', children });
        break;
      }
      case 'Escape': {
        const isSyntax = ESCAPED.test(text.charAt(child.from + 1));
        const start = isSyntax ? child.from + 1 : child.from;
        found.push({ kind: 'text', start, end: child.to, children: [] });
        break;
      }
      case 'HardBreak':
        found.push({
          kind: 'text',
          start: child.to - 1,
          end: child.to,
          children: []
        });
        position = afterIndent(text, child.to, node.to, indent);
        break;
      case 'QuoteMark':
        position += text.charAt(position) === ' ' ? 1 : 0;
        break;
      case 'EmphasisMark':
      case 'CodeMark':
        break;
      case 'HeaderMark':
        if (child.from === node.from) {
          position = afterIndent(text, child.to, node.to, Infinity);
        }
        break;
      default:
        found.push({ ...range, kind: 'text', children: [] });
    }
  }
  plain(node.to);
  return found;
}

/** The lines from `from` to `to` as text, without the list's indent. */
function linesOf(
  from: number,
  to: number,
  text: string,
  indent: number
): INode[] {
  const found: INode[] = [];
  let start = from;
  const add = (end: number): void => {
    if (end > start) {
      found.push({ kind: 'text', start, end, children: [] });
    }
  };
  if (indent > 0) {
    for (
      let line = text.indexOf('\n', start);
      line >= 0 && line < to;
      line = text.indexOf('\n', start)
    ) {
      add(line + 1);
      start = afterIndent(text, line + 1, to, indent);
    }
  }
  add(to);
  return found;
}

function afterIndent(
  text: string,
  at: number,
  end: number,
  indent: number
): number {
  const until = Math.min(end, at + indent);
  while (at < until && (text[at] === ' ' || text[at] === '\t')) {
    at++;
  }
  return at;
}
