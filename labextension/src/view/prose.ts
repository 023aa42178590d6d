/**
 * What a model wrote → elements that say exactly that: Markdown laid out, formulas marked for the typesetter, places of
 * interest marked for the reader, in blocks that the browser lays out when they come into view.
 */
import { IMatcher } from '../model/search';
import { blocksIn, codeIn, formulasOf, INode, moved } from '../text/markdown';
import { blocksOf, IMark } from '../text/prose';
import { IRange } from '../text/range';
import { IPiece } from '../text/tex';
import { el } from './dom';

/** A mark within a block, with the place in the whole text where it begins. */
interface IPlaced extends IMark {
  at: number;
}

/** How a text is to be read. */
export interface IReading {
  /** As typed: no Markdown, no formulas. */
  raw?: boolean;
  /** It begins within fenced code. */
  code?: boolean;
}

/** With more `$` and `\` than this its formulas are shown as typed. */
const MOST_SIGNS = 400;
/** Characters of the name of a code's language. */
const LONGEST_INFO = 30;

const TAGS = {
  paragraph: 'p',
  bullets: 'ul',
  numbers: 'ol',
  item: 'li',
  quote: 'blockquote',
  rule: 'hr',
  row: 'tr',
  head: 'th',
  cell: 'td',
  strong: 'strong',
  emphasis: 'em',
  source: 'code'
} as const;

/** One block. `text` is visible already; of `marks` that overlap the first one is drawn. */
export function renderBlock(
  text: string,
  { start, end }: IRange,
  marks: readonly IMark[],
  reading: IReading = {}
): HTMLElement {
  const source = text.slice(start, end);
  const within = marks
    .filter(mark => mark.start < end && mark.end > start)
    .map(mark => ({
      ...mark,
      at: mark.start,
      start: mark.start - start,
      end: mark.end - start
    }))
    .sort((a, b) => a.start - b.start);
  return new Block(source, within, reading).node;
}

/** What a search has found, as marks. */
export function hitsOf(text: string, matcher: IMatcher | null): IMark[] {
  const ranges = matcher?.ranges(text) ?? [];
  return ranges.map(range => ({ ...range, kind: 'hit', title: '' }));
}

/** A text with Markdown and formulas, as one element. */
export function renderProse(
  text: string,
  matcher: IMatcher | null = null,
  reading: IReading = {}
): HTMLElement {
  const hits = hitsOf(text, matcher);
  return el(
    'div',
    { class: 'qwq-prose' },
    ...blocksOf(text, 0, text.length, codeIn(text)).map(block =>
      renderBlock(text, block, hits, reading)
    )
  );
}

class Block {
  readonly node = el('div', { class: 'qwq-block' });

  constructor(
    private readonly _source: string,
    marks: IPlaced[],
    { raw = false, code = false }: IReading
  ) {
    const all: IRange = { start: 0, end: _source.length };
    this._hits = marks.filter(({ kind }) => kind === 'hit');
    this._others = marks.filter(({ kind }) => kind !== 'hit');
    if (raw) {
      this.node.classList.add('qwq-mod-raw');
      this.node.append(...this._plain(all));
      return;
    }
    if (code) {
      const close = /(?:^|\n)[ \t>]*(?:`{3,}|~{3,})[ \t]*(?:\n|$)/.exec(
        _source
      );
      const until = close ? close.index : _source.length;
      const after = close ? close.index + close[0].length : until;
      this.node.append(
        el('pre', {}, el('code', {}, ...this._plain({ start: 0, end: until })))
      );
      this._append(blocksIn(_source.slice(after), []), after);
      return;
    }
    const signs = _source.match(/[$\\]/g)?.length ?? 0;
    this._formulas =
      signs > 0 && signs <= MOST_SIGNS ? formulasOf(_source) : [];
    this._hasTex = this._formulas.some(({ kind }) => kind === 'tex');
    this._append(blocksIn(_source, this._formulas), 0);
    this.node.classList.toggle('qwq-mod-tex', this._hasTex);
  }

  private _append(nodes: INode[], offset: number): void {
    const placed = offset > 0 ? nodes.map(node => moved(node, offset)) : nodes;
    this.node.append(...placed.map(node => this._element(node)));
  }

  private _element(node: INode): Node {
    const inner = (): Node[] =>
      node.children.flatMap(child =>
        child.kind === 'text' ? this._text(child) : [this._element(child)]
      );
    switch (node.kind) {
      case 'text':
        return el('p', {}, ...this._text(node));
      case 'heading':
        // No `h3`: a model's headings are none of the notebook's.
        return el(
          'p',
          { class: `qwq-heading qwq-mod-h${node.level}` },
          ...inner()
        );
      case 'numbers': {
        const list = el('ol', {}, ...inner());
        list.start = node.level ?? 1;
        return list;
      }
      case 'code': {
        const lines = node.children.flatMap(line => this._plain(line));
        const name = node.info?.trim().slice(0, LONGEST_INFO) ?? '';
        const pre = el('pre', {}, el('code', {}, ...lines));
        return el(
          'div',
          { class: 'qwq-fence' },
          name && el('span', { class: 'qwq-language' }, name),
          pre
        );
      }
      case 'source':
        return el('code', {}, ...node.children.flatMap(n => this._plain(n)));
      case 'table': {
        const [head, ...rows] = node.children.map(row => this._element(row));
        return el(
          'div',
          { class: 'qwq-sheet' },
          el('table', {}, el('thead', {}, head), el('tbody', {}, ...rows))
        );
      }
      default:
        return el(TAGS[node.kind], {}, ...inner());
    }
  }

  /** A text with its formulas. */
  private _text({ start, end }: IRange): Node[] {
    const nodes: Node[] = [];
    let position = start;
    while (
      this._next < this._formulas.length &&
      this._formulas[this._next].start < start
    ) {
      this._next++;
    }
    for (
      let piece = this._formulas[this._next];
      piece !== undefined && piece.start < end;
      piece = this._formulas[++this._next]
    ) {
      nodes.push(...this._plain({ start: position, end: piece.start }));
      nodes.push(this._formula(piece));
      position = piece.end;
    }
    nodes.push(...this._plain({ start: position, end }));
    return nodes;
  }

  private _formula(piece: IPiece): Node {
    if (piece.kind === 'dollar') {
      return el('span', {}, '$');
    }
    const isTex = piece.kind === 'tex';
    const formula = el(
      isTex ? 'span' : 'code',
      { class: isTex ? 'qwq-tex' : 'qwq-source' },
      piece.shown
    );
    const over = [this._others, this._hits].map(marks =>
      marks.find(({ start, end }) => start < piece.end && end > piece.start)
    );
    return over.reduceRight<Node>(
      (inner, mark) => (mark ? wrap(mark, 'qwq-mod-formula', inner) : inner),
      formula
    );
  }

  /** Text nodes and marks: matches of a search within the other marks. */
  private _plain({ start, end }: IRange): Node[] {
    return divided(start, end, this._others, (from, to) =>
      divided(from, to, this._hits, (at, until) => this._words(at, until))
    );
  }

  /**
   * The text as it is. Beside formulas every `$` and `\` is in an element of its own: a typesetter does not look across
   * an element's border, so that it finds the formulas that were marked for it and no others.
   */
  private _words(start: number, end: number): Node[] {
    const text = this._source.slice(start, end);
    if (!this._hasTex || !/[$\\]/.test(text)) {
      return [document.createTextNode(text)];
    }
    return text
      .split(/([$\\])/)
      .filter(part => part !== '')
      .map(part =>
        part === '$' || part === '\\'
          ? el('span', {}, part)
          : document.createTextNode(part)
      );
  }

  private readonly _hits: IPlaced[];
  private readonly _others: IPlaced[];
  private _formulas: IPiece[] = [];
  /** The formula that comes next: texts are drawn in order. */
  private _next = 0;
  private _hasTex = false;
}

/** The stretch cut at the marks, each part as `draw` draws it; of marks that overlap the first one is drawn. */
function divided(
  start: number,
  end: number,
  marks: readonly IPlaced[],
  draw: (start: number, end: number) => Node[]
): Node[] {
  const nodes: Node[] = [];
  let position = start;
  const upTo = (until: number): Node[] => {
    const from = position;
    position = until;
    return until > from ? draw(from, until) : [];
  };
  for (const mark of marks) {
    const from = Math.max(mark.start, position);
    const until = Math.min(mark.end, end);
    if (until > from) {
      nodes.push(...upTo(from));
      nodes.push(wrap(mark, '', ...upTo(until)));
    }
  }
  return [...nodes, ...upTo(end)];
}

function wrap(mark: IPlaced, more: string, ...content: Node[]): HTMLElement {
  const title = mark.title || null;
  const kinds = `qwq-mark qwq-mod-${mark.kind} ${more}`.trim();
  return el('mark', { class: kinds, title, 'data-at': mark.at }, ...content);
}
