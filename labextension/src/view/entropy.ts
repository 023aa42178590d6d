/** The entropy along a reasoning: a strip of blocks, darker where the model was less sure of its next token. */
import { el } from './dom';

/** Blocks that are drawn: the kernel sends no more. */
const MOST = 120;
const TITLE =
  'Entropy along the reasoning, from its first token to its last; darker: less sure of the next token ' +
  '(0 to 1.35 nats and more)';

export class EntropyView {
  readonly node = el('div', { class: 'qwq-entropy', role: 'img' });

  /** Draw a digit a block, or nothing where there is none. */
  update(levels: string): void {
    if (levels === this._drawn) {
      return;
    }
    this._drawn = levels;
    const blocks = levelsOf(levels);
    this.node.hidden = blocks.length === 0;
    this.node.replaceChildren(
      ...blocks.map(level => {
        const block = el('span');
        block.style.opacity = (level / 9).toFixed(2);
        return block;
      })
    );
    this.node.title = TITLE;
    this.node.setAttribute('aria-label', `${TITLE}. ${highestOf(blocks)}`);
  }

  private _drawn: string | null = null;
}

/** The levels 0 to 9 in a text of digits; what is no digit is left out. */
export function levelsOf(levels: string): number[] {
  return [...levels.slice(0, MOST)].filter(c => /^[0-9]$/.test(c)).map(Number);
}

/** Where the model was least sure, in words. */
export function highestOf(levels: number[]): string {
  const share = levels.indexOf(Math.max(...levels)) / levels.length;
  return levels.length
    ? `Highest ${Math.round(100 * share)} % of the way through.`
    : '';
}
