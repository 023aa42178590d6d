/** A long text in blocks that are laid out one by one, and what is marked in it. */
import { IRange } from './range';

export interface IMark extends IRange {
  kind: 'switch' | 'mention' | 'hit' | 'left' | 'loop' | 'foreign' | 'further';
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
  const isRow = (line: string): boolean => /^[ \t>]*\|/.test(line);
  const lineEnd = (from: number): number => {
    const found = text.indexOf('\n', from);
    return found < 0 || found >= high ? high : found + 1;
  };
  let start = text.lastIndexOf('\n', at - 1) + 1;
  if (start === at && at > low) {
    start = text.lastIndexOf('\n', at - 2) + 1;
  }
  if (!isRow(text.slice(Math.max(start, low), start + 200))) {
    return null;
  }
  while (start > low) {
    const before = text.lastIndexOf('\n', start - 2) + 1;
    if (before < low || !isRow(text.slice(before, before + 200))) {
      break;
    }
    start = before;
  }
  let until = at;
  while (until < high && isRow(text.slice(until, until + 200))) {
    until = lineEnd(until);
  }
  return start < at && at < until
    ? { start: Math.max(start, low), end: until }
    : null;
}
