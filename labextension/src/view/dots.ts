/**
 * The answers to one problem as a row of marks, in the order of the repeats: full discs are correct, rings are wrong,
 * dashes were cut. Of many answers they are bars: correct ones rise from the middle, wrong ones hang from it.
 */
import { Standing, standingOf } from '../model/entry';
import { IProblem } from '../model/problems';

const NAMESPACE = 'http://www.w3.org/2000/svg';
/** Answers that are drawn; of more than so many, bars in the place of discs. */
const MOST = 512;
const MOST_DISCS = 20;
/** Units (pixels, unless there is no room) of an answer's place, and of its height. */
const DISC = 12;
const BAR = 4;
const HEIGHT = 14;
const MIDDLE = HEIGHT / 2;

/** How an answer is drawn, apart from its colour. */
type Mark = 'full' | 'ring' | 'dash' | 'point';

const MARKS: Partial<Record<Standing, Mark>> = {
  correct: 'full',
  wrong: 'ring',
  no_answer: 'ring',
  not_gradable: 'ring',
  truncated: 'dash'
};

export class DotsView {
  readonly node = make('svg', { 'aria-hidden': 'true', class: 'qwq-dots' });

  /** Draw them; those that a filter leaves out are pale, the one of that key is framed. */
  update(problem: IProblem, active: string | null): void {
    const answers = problem.answers.slice(0, MOST);
    const fits = new Set(problem.fits.map(({ key }) => key));
    const isPale = fits.size < problem.answers.length;
    const isDisc = answers.length <= MOST_DISCS;
    const step = isDisc ? DISC : BAR;
    const paths = new Map<string, string>();
    let frame = -1;
    answers.forEach((entry, index) => {
      const standing = standingOf(entry);
      const mark = MARKS[standing] ?? 'point';
      const pale = isPale && !fits.has(entry.key);
      const key = `${standing} ${mark} ${pale ? 'pale' : ''}`;
      const drawn = isDisc
        ? disc(index * DISC + DISC / 2, mark)
        : bar(index * BAR, mark);
      paths.set(key, (paths.get(key) ?? '') + drawn);
      if (entry.key === active) {
        frame = index;
      }
    });
    const signature = JSON.stringify([...paths, frame, answers.length]);
    if (signature === this._drawn) {
      return;
    }
    this._drawn = signature;
    this._count = answers.length;
    const width = Math.max(answers.length, 1) * step;
    set(this.node, {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width: String(width),
      height: String(HEIGHT),
      preserveAspectRatio: 'none'
    });
    this.node.replaceChildren(
      ...[...paths].map(([key, d]) => {
        const [standing, mark, pale] = key.split(' ');
        const name = `qwq-mod-${isDisc ? mark : 'bar'}`;
        return make('path', {
          d,
          class: pale ? `${name} qwq-mod-pale` : name,
          'data-outcome': standing
        });
      })
    );
    if (frame >= 0) {
      const [x, wide] = isDisc
        ? [frame * DISC + 0.5, DISC - 1]
        : [frame * BAR - 0.5, BAR];
      this.node.append(
        make('path', {
          d: `M${x} .5h${wide}v${HEIGHT - 1}h${-wide}z`,
          class: 'qwq-mod-frame'
        })
      );
    }
  }

  /** Which answer lies at that place of the page, by its number in the row; -1: none. */
  at(clientX: number): number {
    const { left, width } = this.node.getBoundingClientRect();
    const index = Math.floor(((clientX - left) / width) * this._count);
    return index >= 0 && index < this._count ? index : -1;
  }

  private _drawn = '';
  private _count = 0;
}

function disc(x: number, mark: Mark): string {
  switch (mark) {
    case 'dash':
      return `M${x - 4} ${MIDDLE - 1.5}h8v3h-8z`;
    case 'point':
      return circle(x, 1.5);
    case 'full':
      return circle(x, 4);
    case 'ring':
      return circle(x, 3.25);
  }
}

function circle(x: number, r: number): string {
  return `M${x - r} ${MIDDLE}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0z`;
}

function bar(x: number, mark: Mark): string {
  const [top, height] = {
    full: [1, MIDDLE - 1],
    ring: [MIDDLE, MIDDLE - 1],
    dash: [MIDDLE, 3],
    point: [MIDDLE - 0.5, 1]
  }[mark];
  return `M${x} ${top}h3v${height}h-3z`;
}

function make(name: string, attributes: Record<string, string>): SVGElement {
  const node = document.createElementNS(NAMESPACE, name) as SVGElement;
  set(node, attributes);
  return node;
}

function set(node: Element, attributes: Record<string, string>): void {
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
}
