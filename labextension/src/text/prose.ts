/** A long text in blocks that are laid out one by one, and what is marked in it. */
import { IRange } from './range';

export interface IMark extends IRange {
  kind: 'switch' | 'mention' | 'hit' | 'left' | 'loop' | 'foreign' | 'further';
  title: string;
}

/** A block is a few paragraphs; what has no line breaks is cut. */
const BLOCK = 3_000;
/** The block boundaries of a text between `start` and `end`. */
export function blocksOf(text: string, start: number, end: number): IRange[] {
  const blocks: IRange[] = [];
  while (start < end) {
    let cut = Math.min(start + BLOCK, end);
    if (cut < end) {
      const window = text.slice(start, cut);
      const at = ['\n\n', '\n', ' ']
        .map(mark => window.lastIndexOf(mark) + mark.length)
        .find(at => at > BLOCK / 4);
      cut = start + (at ?? BLOCK);
      // Not between the halves of a pair.
      cut += /[\udc00-\udfff]/.test(text.charAt(cut)) ? 1 : 0;
    }
    blocks.push({ start, end: cut });
    start = cut;
  }
  return blocks;
}
