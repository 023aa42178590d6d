/**
 * The text of a fold, in chunks of a few screens: the browser lays out those in sight only, and those that are not
 * drawn yet are drawn a few milliseconds at a time, so that a reasoning of 10,000 thoughts neither freezes the page
 * when it is opened nor stutters when it is scrolled. All of it is in the page in the end, for the browser's own search.
 */
import { codeIn, fencesOf } from '../text/markdown';
import { blocksOf, IMark } from '../text/prose';
import { IRange } from '../text/range';
import { IThought } from '../text/thoughts';
import { el, reconcile } from './dom';
import { renderBlock } from './prose';
import { LazyTypesetter } from './typeset';

/** A chunk holds as many pieces, or as many characters: more targets, or larger ones, and frames get longer. */
const PIECES = 30;
const CHARACTERS = 8_000;
const SLICE_MS = 8;

/** A thought, or what of a long one fits into a block. */
interface IPiece extends IRange {
  thought: number;
  isFirst: boolean;
  /** It begins within fenced code. */
  code: boolean;
}

interface IChunk extends IRange {
  pieces: IPiece[];
  marks: IMark[];
  /** Says what is drawn; another one has to be drawn anew. */
  signature: string;
}

export class TextBody {
  readonly node = el('div', { class: 'qwq-body' });

  /** `numbered`: whether thoughts have their number beside them. */
  constructor(typesetter: LazyTypesetter, numbered: boolean) {
    this._typesetter = typesetter;
    this._numbered = numbered;
  }

  /** `text` is visible already. Of `marks` that overlap the first one is drawn. `raw`: it is shown as typed. */
  draw(text: string, thoughts: IThought[], marks: IMark[], raw = false): void {
    this._text = text;
    this._raw = raw;
    this._chunks = chunksOf(text, thoughts, marks);
    const width = this.node.clientWidth || 600;
    reconcile(
      this.node,
      this._chunks,
      chunk => String(chunk.start),
      chunk => {
        const node = el('div', { class: 'qwq-chunk' });
        // It takes its place before it is drawn: the scrollbar says how long the text is.
        node.style.minHeight = `${heightOf(text, chunk, width)}px`;
        return node;
      }
    );
    this._nodes = [...this.node.children] as HTMLElement[];
    this._queue = this._chunks.flatMap((chunk, index) =>
      this._isDrawn(chunk, this._nodes[index]) ? [] : [index]
    );
    this._seenFirst();
    this._work();
  }

  /** The block with character `at`, drawn if it was not. */
  blockAt(at: number): Element | null {
    const index = this._chunks.findIndex(({ end }) => at < end);
    if (index < 0) {
      return null;
    }
    const chunk = this._chunks[index];
    this._drawChunk(index);
    const piece = chunk.pieces.findIndex(({ end }) => at < end);
    return this._nodes[index].children[piece] ?? null;
  }

  /** The mark of that kind that begins at `at`, or the block where it would be. */
  markAt(at: number, kind: IMark['kind']): Element | null {
    return this.marksAt(at, kind)[0] ?? null;
  }

  /** The same, and its other parts where another mark divides it. */
  marksAt(at: number, kind: IMark['kind']): Element[] {
    const block = this.blockAt(at);
    if (block === null) {
      return [];
    }
    const marks = [
      ...block.querySelectorAll<HTMLElement>(`.qwq-mod-${kind}[data-at]`)
    ];
    const own = marks.filter(mark => Number(mark.dataset.at) === at);
    // Of several matches in a formula, the first one marks it.
    const before = marks.filter(mark => Number(mark.dataset.at) < at);
    return own.length > 0 ? own : [before.pop() ?? marks[0] ?? block];
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this._queue = [];
  }

  /** What the reader has before them is drawn before the rest. */
  private _seenFirst(): void {
    const scroller = this.node.closest('.qwq-detail');
    if (this._queue.length < 2 || !scroller?.clientHeight) {
      return;
    }
    const { top, bottom } = scroller.getBoundingClientRect();
    const isSeen = (index: number): boolean => {
      const box = this._nodes[index].getBoundingClientRect();
      return box.bottom > top && box.top < bottom;
    };
    const seen = this._queue.filter(isSeen);
    this._queue = [...new Set([...seen, ...this._queue])];
  }

  private _work(): void {
    window.clearTimeout(this._timer);
    const until = performance.now() + SLICE_MS;
    while (this._queue.length > 0 && performance.now() < until) {
      this._drawChunk(this._queue.shift()!);
    }
    if (this._queue.length > 0) {
      this._timer = window.setTimeout(() => this._work(), 0);
    }
  }

  private _isDrawn(chunk: IChunk, node: HTMLElement): boolean {
    const drawn = this._drawn.get(node);
    return (
      drawn?.signature === chunk.signature &&
      drawn.raw === this._raw &&
      drawn.source === this._text.slice(chunk.start, chunk.end)
    );
  }

  private _drawChunk(index: number): void {
    const chunk = this._chunks[index];
    const node = this._nodes[index];
    if (this._isDrawn(chunk, node)) {
      return;
    }
    const source = this._text.slice(chunk.start, chunk.end);
    const raw = this._raw;
    this._drawn.set(node, { signature: chunk.signature, source, raw });
    reconcile(
      node,
      chunk.pieces,
      piece => {
        const within = marksIn(chunk.marks, piece).map(
          ({ kind, start, end }) => `${kind} ${start} ${end}`
        );
        const { start, end, thought, code } = piece;
        return [start, end, thought, code, raw, ...within].join(' ');
      },
      piece => {
        const { thought, isFirst, code } = piece;
        const within = marksIn(chunk.marks, piece);
        return el(
          'div',
          { class: isFirst ? 'qwq-thought' : 'qwq-thought qwq-mod-more' },
          this._numbered &&
            el(
              'span',
              { class: 'qwq-number', 'aria-hidden': 'true' },
              isFirst && thought + 1
            ),
          el(
            'div',
            { class: 'qwq-text' },
            renderBlock(this._text, piece, within, { raw, code })
          )
        );
      }
    );
    node.style.minHeight = '';
    this._typesetter.watch(node);
  }

  private _typesetter: LazyTypesetter;
  private _numbered: boolean;
  private _text = '';
  private _raw = false;
  private _chunks: IChunk[] = [];
  private _nodes: HTMLElement[] = [];
  private _drawn = new WeakMap<
    HTMLElement,
    { signature: string; source: string; raw: boolean }
  >();
  private _queue: number[] = [];
  private _timer = 0;
}

function marksIn(marks: readonly IMark[], { start, end }: IRange): IMark[] {
  return marks.filter(mark => mark.start < end && mark.end > start);
}

/** Cut from the beginning, so that a text that grows changes its last chunk alone. */
export function chunksOf(
  text: string,
  thoughts: readonly IThought[],
  marks: readonly IMark[]
): IChunk[] {
  const chunks: IChunk[] = [];
  let pieces: IPiece[] = [];
  const sorted = [...marks].sort((a, b) => a.start - b.start);
  let from = 0;
  const close = (): void => {
    const [start, end] = [pieces[0].start, pieces[pieces.length - 1].end];
    while (from < sorted.length && sorted[from].end <= start) {
      from++;
    }
    let until = from;
    while (until < sorted.length && sorted[until].start < end) {
      until++;
    }
    const within = sorted.slice(from, until);
    const signature = [
      pieces[0].thought,
      pieces[0].isFirst,
      ...pieces.map(piece => `${piece.end} ${piece.code}`),
      ...within.map(mark => `${mark.kind} ${mark.start} ${mark.end}`)
    ].join();
    chunks.push({ start, end, pieces, marks: within, signature });
    pieces = [];
  };
  const fences = fencesOf(text);
  const whole = codeIn(text);
  let fence = 0;
  thoughts.forEach((range, thought) => {
    for (const block of blocksOf(text, range.start, range.end, whole)) {
      while (fence < fences.length && fences[fence].end <= block.start) {
        fence++;
      }
      const code = fence < fences.length && fences[fence].start < block.start;
      const isFirst = block.start === range.start;
      pieces.push({ ...block, thought, isFirst, code });
      if (
        pieces.length === PIECES ||
        block.end - pieces[0].start >= CHARACTERS
      ) {
        close();
      }
    }
  });
  if (pieces.length) {
    close();
  }
  return chunks;
}

/** About as high as the chunk will be. */
function heightOf(text: string, chunk: IChunk, width: number): number {
  const columns = Math.max(20, width / 7);
  const lines = chunk.pieces.reduce((sum, { start, end }) => {
    const parts = text.slice(start, end).trimEnd().split('\n');
    return (
      sum +
      parts.reduce((n, part) => n + 1 + Math.floor(part.length / columns), 0)
    );
  }, 0);
  return 20 * lines + 6 * chunk.pieces.length;
}
