/** A long text in blocks that are laid out one by one, and what is marked in it. */
import { IRange } from './range';

/** A statement of the right answer; of the wrong one that was given in the end, the first and further ones; another. */
export type StatementKind = 'right' | 'given' | 'again' | 'stated';

export interface IMark extends IRange {
  kind:
    | 'switch'
    | 'mention'
    | 'hit'
    | 'left'
    | 'loop'
    | 'foreign'
    | 'further'
    | StatementKind;
  title: string;
}

/** A block is a few paragraphs; what has no line breaks is cut. */
const BLOCK = 3_000;
/** Code and tables are whole up to so many characters. */
const WHOLE = 12_000;

/** The block boundaries of a text between `start` and `end`; none is within one of `fences` that is not too long. */
export function blocksOf(
  text: string,
  start: number,
  end: number,
  fences: readonly IRange[] = []
): IRange[] {
  const blocks: IRange[] = [];
  while (start < end) {
    const cut = Math.min(start + BLOCK, end);
    const at = cut < end ? cutAt(text, start, cut, end, fences) : end;
    blocks.push({ start, end: at });
    start = at;
  }
  return blocks;
}

/** Where a block that begins at `start` ends: before `cut` at a paragraph's, a line's or a word's end. */
function cutAt(
  text: string,
  start: number,
  cut: number,
  end: number,
  fences: readonly IRange[]
): number {
  const window = text.slice(start, cut);
  const least = BLOCK / 4;
  const found = ['\n\n', '\n', ' ']
    .map(mark => window.lastIndexOf(mark) + mark.length)
    .find(at => at > least);
  let at = start + (found ?? BLOCK);
  // Not between the halves of a pair.
  at += /[\udc00-\udfff]/.test(text.charAt(at)) ? 1 : 0;
  const kept =
    fences.find(fence => fence.start < at && at < fence.end) ??
    tableAround(text, at, start, end);
  if (kept === null || kept.end - kept.start > WHOLE) {
    return at;
  }
  if (kept.start - start > least) {
    return kept.start;
  }
  return Math.min(kept.end, end);
}

/** The lines of a table around `at`, where it is within one. */
function tableAround(
  text: string,
  at: number,
  low: number,
  high: number
): IRange | null {
  const isRow = (from: number): boolean =>
    /^[ \t>]*\|/.test(text.slice(from, from + 200));
  // Lines are looked for nearby: one of a megabyte is no row.
  const lineStart = (from: number): number => {
    const near = Math.max(low, from - WHOLE);
    const found = text.slice(near, from).lastIndexOf('\n');
    return found < 0 ? near : near + found + 1;
  };
  const lineEnd = (from: number): number => {
    const found = text.slice(from, from + WHOLE).indexOf('\n');
    return found < 0 ? high : Math.min(high, from + found + 1);
  };
  let start = lineStart(at);
  if (start === at && at > low) {
    start = lineStart(at - 1);
  }
  if (!isRow(start)) {
    return null;
  }
  while (start > low) {
    const before = lineStart(start - 1);
    if (!isRow(before)) {
      break;
    }
    start = before;
  }
  let until = at;
  // A longer one is not kept whole, so its end need not be known.
  while (until < high && until - start <= WHOLE && isRow(until)) {
    until = lineEnd(until);
  }
  return start < at && at < until ? { start, end: until } : null;
}
