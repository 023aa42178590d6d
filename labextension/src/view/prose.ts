/**
 * What a model wrote → elements that say exactly that: formulas marked for the typesetter, places of interest marked
 * for the reader, in blocks that the browser lays out when they come into view.
 */
import { IMatcher } from '../model/search';
import { blocksOf, IMark } from '../text/prose';
import { IRange } from '../text/range';
import { split } from '../text/tex';
import { el } from './dom';

/** A mark within a block, with the place in the whole text where it begins. */
interface IPlaced extends IMark {
  at: number;
}

/** With more `$` and `\` than this it is shown as typed. */
const MOST_SIGNS = 400;

/** One block. `text` is visible already; Of `marks` that overlap the first one is drawn. */
export function renderBlock(
  text: string,
  { start, end }: IRange,
  marks: readonly IMark[]
): HTMLElement {
  const source = text.slice(start, end);
  const block = el('div', { class: 'qwq-block' });
  const within = marks
    .filter(mark => mark.start < end && mark.end > start)
    .map(mark => ({
      ...mark,
      at: mark.start,
      start: mark.start - start,
      end: mark.end - start
    }));
  const signs = source.match(/[$\\]/g)?.length ?? 0;
  const pieces = signs > 0 && signs <= MOST_SIGNS ? split(source) : [];
  if (!pieces.some(({ kind }) => kind === 'tex')) {
    block.append(...marked(source, 0, within));
    return block;
  }
  for (const piece of pieces) {
    const here = within.filter(
      mark => mark.start < piece.end && mark.end > piece.start
    );
    if (piece.kind === 'tex' || piece.kind === 'source') {
      const formula = el(
        piece.kind === 'tex' ? 'span' : 'code',
        { class: piece.kind === 'tex' ? 'qwq-tex' : 'qwq-source' },
        piece.shown
      );
      block.append(wrapAll(here, formula));
    } else if (piece.kind === 'dollar') {
      block.append(el('span', {}, '$'));
    } else {
      block.append(...marked(piece.shown, piece.start, here).map(isolate));
    }
  }
  block.classList.add('qwq-mod-tex');
  return block;
}

/** What a search has found, as marks. */
export function hitsOf(text: string, matcher: IMatcher | null): IMark[] {
  const ranges = matcher?.ranges(text) ?? [];
  return ranges.map(range => ({ ...range, kind: 'hit', title: '' }));
}

/** A short text with formulas, as one element. */
export function renderProse(
  text: string,
  matcher: IMatcher | null = null
): HTMLElement {
  const hits = hitsOf(text, matcher);
  return el(
    'div',
    { class: 'qwq-prose' },
    ...blocksOf(text, 0, text.length).map(block =>
      renderBlock(text, block, hits)
    )
  );
}

function wrap(mark: IPlaced, ...content: Node[]): HTMLElement {
  const title = mark.title || null;
  return el(
    'mark',
    { class: `qwq-mark qwq-mod-${mark.kind}`, title, 'data-at': mark.at },
    ...content
  );
}

const isHit = ({ kind }: IMark): boolean => kind === 'hit';

/** The node within the first match, and that within the first of the other marks. */
function wrapAll(marks: IPlaced[], node: Node): Node {
  const other = marks.find(mark => !isHit(mark));
  const hit = marks.find(isHit);
  const inner = hit ? wrap(hit, node) : node;
  return other ? wrap(other, inner) : inner;
}

/** Text nodes and marks: matches of a search within the other marks. `at` is where the text begins. */
function marked(text: string, at: number, marks: IPlaced[]): Node[] {
  const hits = marks.filter(isHit);
  const others = marks.filter(mark => !isHit(mark));
  return divided(text, at, others, (part, start) =>
    divided(part, start, hits, plain => [document.createTextNode(plain)])
  );
}

/** The text cut at the marks, each part as `draw` draws it; of marks that overlap the first one is drawn. */
function divided(
  text: string,
  at: number,
  marks: IPlaced[],
  draw: (part: string, at: number) => Node[]
): Node[] {
  const nodes: Node[] = [];
  let position = 0;
  const upTo = (end: number): Node[] => {
    const start = position;
    position = end;
    return end > start ? draw(text.slice(start, end), at + start) : [];
  };
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    const start = Math.max(mark.start - at, position);
    const end = Math.min(mark.end - at, text.length);
    if (end > start) {
      nodes.push(...upTo(start));
      nodes.push(wrap(mark, ...upTo(end)));
    }
  }
  return [...nodes, ...upTo(text.length)];
}

/**
 * The node with every `$` and `\` in an element of its own: a typesetter does not look across an element's border,
 * so that it finds the formulas that were marked for it and no others.
 */
function isolate(node: Node): Node {
  if (!/[$\\]/.test(node.textContent ?? '')) {
    return node;
  }
  if (node instanceof Text) {
    const parts = node.data.split(/([$\\])/).filter(part => part !== '');
    const span = el('span');
    span.append(
      ...parts.map(part =>
        part === '$' || part === '\\'
          ? el('span', {}, part)
          : document.createTextNode(part)
      )
    );
    return span;
  }
  const children = [...node.childNodes].map(isolate);
  (node as HTMLElement).replaceChildren(...children);
  return node;
}
