/**
 * A reasoning at a glance: a strip of its thoughts, as wide as they are long and coloured by what they do, with ticks where
 * answers are stated. It stays in sight while the reasoning is read, and leads to each place.
 */
import { IStatement } from '../model/annotations';
import { count, number } from '../record/format';
import { oneLine } from '../text/clean';
import { IThought, kindOf, ThoughtKind } from '../text/thoughts';
import { el, reconcile, setAttribute, setText } from './dom';
import { STATEMENT_TITLES } from './track';

/** Parts of the strip: of more thoughts several are one part. */
const PARTS = 400;

/** What thoughts do, in words; of the others nothing is known. */
const KINDS: Record<ThoughtKind, string> = {
  check: 'check',
  alternative: 'try another way',
  correction: 'find an error',
  turn: ''
};

export interface ICourse {
  text: string;
  thoughts: readonly IThought[];
  statements: readonly IStatement[];
  /** Where the gold value is first mentioned, or null. */
  mention: number | null;
}

export class CourseView {
  readonly node: HTMLElement;
  /** How many thoughts do what. */
  readonly legend = el('span', {
    class: 'qwq-kinds',
    title: 'What the thoughts do, by the words that they begin with'
  });

  constructor(
    goToThought: (index: number) => void,
    goToStatement: (index: number) => void
  ) {
    this._goToThought = goToThought;
    this._goToStatement = goToStatement;
    // Buttons lead to the same places: the strip says nothing to who hears it.
    const map = el('div', { class: 'qwq-map', 'aria-hidden': 'true' });
    map.append(this._strip, this._ticks, this._marker);
    this.node = el('div', { class: 'qwq-course' }, map);
  }

  update({ text, thoughts, statements, mention }: ICourse): void {
    const length = Math.max(1, text.length);
    // Nothing is said of the first thought, which turns from nothing.
    const kinds = thoughts.map((thought, index) =>
      index === 0 ? 'turn' : kindOf(text, thought)
    );
    this.node.hidden = thoughts.length < 2 && statements.length === 0;
    this._strip.hidden = thoughts.length < 2;
    this._drawStrip(text, thoughts, kinds);
    this._drawTicks(statements, length);
    this._drawLegend(kinds);
    this._marker.hidden = mention === null;
    this._marker.style.left = percent((mention ?? 0) / length);
  }

  /** Show at which statement the reader is; -1: at none. */
  setCurrent(index: number): void {
    [...this._ticks.children].forEach((tick, at) =>
      setAttribute(tick, 'data-current', at === index)
    );
  }

  private _drawStrip(
    text: string,
    thoughts: readonly IThought[],
    kinds: readonly ThoughtKind[]
  ): void {
    const step = Math.ceil(thoughts.length / PARTS);
    const isSaid = (kind: ThoughtKind): boolean => kind !== 'turn';
    reconcile(
      this._strip,
      thoughts.flatMap((thought, index) =>
        index % step === 0 ? [{ thought, index }] : []
      ),
      ({ index }) => String(index),
      ({ index }) => {
        const part = el('span');
        part.addEventListener('click', () => this._goToThought(index));
        return part;
      },
      (part, { thought, index }) => {
        const next = thoughts[index + step]?.start ?? text.length;
        part.style.flexGrow = String(next - thought.start);
        const kind = kinds.slice(index, index + step).find(isSaid) ?? 'turn';
        setAttribute(part, 'data-kind', kind);
        setAttribute(part, 'title', titleOf(text, thought, index, kinds));
      }
    );
  }

  private _drawTicks(statements: readonly IStatement[], length: number): void {
    reconcile(
      this._ticks,
      statements.map((statement, index) => ({ statement, index })),
      ({ index }) => String(index),
      ({ index }) => {
        const tick = el('span');
        tick.addEventListener('click', () => this._goToStatement(index));
        return tick;
      },
      (tick, { statement: { at, kind, value } }) => {
        tick.style.left = percent(at / length);
        setAttribute(tick, 'data-kind', kind);
        setAttribute(tick, 'title', `${value}: ${STATEMENT_TITLES[kind]}`);
      }
    );
    this._ticks.hidden = statements.length === 0;
  }

  private _drawLegend(kinds: readonly ThoughtKind[]): void {
    const counts = new Map<ThoughtKind, number>();
    for (const kind of kinds.slice(1)) {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    const all = Object.keys(KINDS) as ThoughtKind[];
    const said = all.filter(kind => counts.has(kind));
    reconcile(
      this.legend,
      // That nothing is known of any thought is said by their number in the title.
      said.length > 1 || !counts.has('turn') ? said : [],
      kind => kind,
      kind => el('span', { class: 'qwq-kind', 'data-kind': kind }),
      (node, kind) =>
        setText(
          node,
          KINDS[kind]
            ? `${number(counts.get(kind)!)} ${KINDS[kind]}`
            : count(counts.get(kind)!, 'other turn')
        )
    );
    this.legend.hidden = !this.legend.hasChildNodes();
  }

  private _goToThought: (index: number) => void;
  private _goToStatement: (index: number) => void;
  private _strip = el('div', { class: 'qwq-strip' });
  private _ticks = el('div', { class: 'qwq-ticks' });
  private _marker = el('span', { class: 'qwq-marker' });
}

function percent(share: number): string {
  return `${(100 * Math.min(1, share)).toFixed(2)}%`;
}

function titleOf(
  text: string,
  { phrase, start, end }: IThought,
  index: number,
  kinds: readonly ThoughtKind[]
): string {
  const words = phrase ? `: ${text.slice(phrase.start, phrase.end)}` : '';
  const kind = KINDS[kinds[index]];
  return oneLine(
    `Thought ${number(index + 1)}${words}, ${number(end - start)} characters${kind && ` (${kind})`}`,
    200
  );
}
