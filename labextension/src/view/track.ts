/**
 * The answers that a reasoning states on its way, in one line: "204 ×2 → 60". Each leads to its place, and so do the keys
 * `,` and `.`; a value that was given in the end and is not stated there stands last.
 */
import { IStatement } from '../model/annotations';
import { count, number } from '../record/format';
import { oneLine } from '../text/clean';
import { StatementKind } from '../text/prose';
import { button, el, setAttribute, setText } from './dom';

/** Of more values than this, those between are folded that are neither right nor the one given in the end. */
const MOST = 10;

const SIGNS: Record<StatementKind, string> = {
  right: '◆ ',
  given: '✗ ',
  again: '✗ ',
  stated: ''
};

export const STATEMENT_TITLES: Record<StatementKind, string> = {
  right: 'the right answer is stated here',
  given: 'the wrong answer that was given in the end is stated here first',
  again: 'the wrong answer that was given in the end is stated here again',
  stated: 'a candidate answer is stated here'
};

/** Statements of one value in a row. */
export interface IRun {
  first: number;
  times: number;
  statement: IStatement;
}

export interface ITrack {
  statements: IStatement[];
  /** The value that was given in the end although the reasoning does not state it, or empty; and what it is. */
  ending: string;
  endingKind: StatementKind;
  /** Statements in the middle that the record leaves out. */
  omitted: number;
}

export class TrackView {
  readonly node: HTMLElement;
  /** Buttons that lead from one statement to the next. */
  readonly steps: HTMLElement;

  /** `go` leads to a statement; false where its part of the text is not there. */
  constructor(go: (index: number) => boolean) {
    this._go = go;
    const step = (steps: number, sign: string, label: string): HTMLElement =>
      button(
        sign,
        {
          class: 'qwq-chip',
          title: `${label} (key ${steps > 0 ? '.' : ','})`,
          'aria-label': label
        },
        () => void this.step(steps)
      );
    this.node = el(
      'div',
      {
        class: 'qwq-stated',
        role: 'group',
        'aria-label': 'Answers stated in the reasoning',
        hidden: true
      },
      el(
        'span',
        {
          class: 'qwq-stated-head',
          title:
            'Every statement of a candidate answer in the reasoning, in order: ◆ the right one, ✗ the wrong one that was given in the end. Keys , and . lead from one to the next.'
        },
        'Answers stated'
      ),
      this._line
    );
    this.steps = el(
      'span',
      {
        class: 'qwq-stated-steps',
        role: 'group',
        'aria-label': 'Answers stated, one by one'
      },
      step(-1, '‹', 'Previous statement of an answer'),
      this._said,
      step(1, '›', 'Next statement of an answer')
    );
  }

  update(track: ITrack): void {
    const signature = JSON.stringify([
      track.statements.map(({ kind, value, range }) => [kind, value, !range]),
      track.ending,
      track.endingKind,
      track.omitted
    ]);
    this._track = track;
    this.node.hidden = track.statements.length === 0;
    this.steps.hidden = track.statements.length < 2;
    if (signature !== this._drawn) {
      this._drawn = signature;
      this._at = -1;
      this._isWhole = false;
      this._draw();
    }
  }

  /** Go so many statements on, around the ends; false where there is none. */
  step(steps: number): boolean {
    const { length } = this._track.statements;
    for (let tried = 0, at = this._at; tried < length; tried++) {
      at = at < 0 && steps < 0 ? length - 1 : (at + steps + length) % length;
      if (this.show(at)) {
        return true;
      }
    }
    return false;
  }

  /** Go to a statement; false where its part of the text is not there. */
  show(index: number): boolean {
    if (!this._go(index)) {
      return false;
    }
    this._at = index;
    this._say();
    return true;
  }

  private _draw(): void {
    const runs = runsOf(this._track.statements);
    const parts: HTMLElement[] = shortened(
      runs,
      this._isWhole ? Infinity : MOST
    ).map(part =>
      'statement' in part
        ? this._chip(part)
        : button(
            `… ${number(part.left)} …`,
            {
              class: 'qwq-link',
              title: 'Show all values',
              'aria-label': `Show ${count(part.left, 'more value')}`
            },
            () => this._showWhole(part.first)
          )
    );
    const { omitted, ending, endingKind } = this._track;
    if (omitted > 0) {
      const said = `${count(omitted, 'statement')} in the middle not listed`;
      parts.push(el('span', { class: 'qwq-more' }, said));
    }
    if (ending) {
      parts.push(
        el(
          'span',
          {
            class: 'qwq-statement qwq-mod-ending',
            'data-kind': endingKind,
            title: 'Given in the end; the reasoning does not state it'
          },
          `${SIGNS[endingKind]}${oneLine(ending, 40)}`,
          el('small', {}, ' answer only')
        )
      );
    }
    const arrow = (): HTMLElement =>
      el('span', { class: 'qwq-arrow', 'aria-hidden': 'true' }, '→');
    this._line.replaceChildren(
      ...parts.flatMap((part, index) => (index > 0 ? [arrow(), part] : [part]))
    );
    this._say();
  }

  /** Show all values; the focus goes to the first that was folded. */
  private _showWhole(first: number): void {
    this._isWhole = true;
    this._draw();
    this._line
      .querySelector<HTMLElement>(`[data-first="${first}"]`)
      ?.focus({ preventScroll: true });
  }

  private _chip({ first, times, statement }: IRun): HTMLElement {
    const { kind, value, range } = statement;
    const where = range
      ? ''
      : '; it is in the part of the reasoning that is left out here';
    const chip = button(
      '',
      {
        class: 'qwq-statement',
        'data-kind': kind,
        title: STATEMENT_TITLES[kind] + where
      },
      () => void this.show(this._within(first, times))
    );
    chip.disabled = range === null;
    chip.dataset.first = String(first);
    chip.append(
      `${SIGNS[kind]}${oneLine(value, 40)}`,
      ...(times > 1 ? [el('small', {}, ` ×${number(times)}`)] : [])
    );
    return chip;
  }

  /** Of statements in a row the first, or the one after that which one is at. */
  private _within(first: number, times: number): number {
    const isWithin = this._at >= first && this._at < first + times - 1;
    return isWithin ? this._at + 1 : first;
  }

  private _say(): void {
    const { length } = this._track.statements;
    const at = this._at < 0 ? '–' : number(this._at + 1);
    setText(this._said, `${at} of ${number(length)}`);
    const chips = this._line.querySelectorAll<HTMLElement>('[data-first]');
    let current: HTMLElement | null = null;
    for (const chip of chips) {
      if (this._at >= Number(chip.dataset.first)) {
        current = chip;
      }
    }
    chips.forEach(chip =>
      setAttribute(chip, 'aria-current', chip === current ? 'true' : null)
    );
  }

  private _go: (index: number) => boolean;
  private _line = el('span', { class: 'qwq-stated-line' });
  private _said = el('span', { class: 'qwq-hits-said', role: 'status' });
  private _track: ITrack = {
    statements: [],
    ending: '',
    endingKind: 'stated',
    omitted: 0
  };
  private _drawn = '';
  private _at = -1;
  private _isWhole = false;
}

/** Statements of one value in a row as one; where it is given for the first time it begins a row of its own. */
export function runsOf(statements: readonly IStatement[]): IRun[] {
  const runs: IRun[] = [];
  statements.forEach((statement, index) => {
    const last = runs[runs.length - 1];
    const isSame =
      last !== undefined &&
      last.statement.value === statement.value &&
      (last.statement.range === null) === (statement.range === null) &&
      (last.statement.kind === 'given' ? 'again' : last.statement.kind) ===
        statement.kind;
    if (isSame) {
      last.times++;
    } else {
      runs.push({ first: index, times: 1, statement });
    }
  });
  return runs;
}

/** Values that are left out of the line: how many, and the statement that the first of them begins with. */
interface IGap {
  left: number;
  first: number;
}

/** Of many runs those of the right value and of the one given in the end, and the two that begin and end the line. */
export function shortened(
  runs: readonly IRun[],
  most: number
): (IRun | IGap)[] {
  if (runs.length <= most) {
    return [...runs];
  }
  const told = runs.flatMap(({ statement }, index) =>
    statement.kind === 'stated' ? [] : [index]
  );
  const half = most / 2 - 1;
  const kept = new Set([
    0,
    1,
    ...(told.length > 2 * half
      ? [...told.slice(0, half), ...told.slice(-half)]
      : told),
    runs.length - 2,
    runs.length - 1
  ]);
  const parts: (IRun | IGap)[] = [];
  let gap: IRun[] = [];
  const close = (): void => {
    if (gap.length > 1) {
      parts.push({ left: gap.length, first: gap[0].first });
    } else {
      parts.push(...gap);
    }
    gap = [];
  };
  runs.forEach((run, index) => {
    if (kept.has(index)) {
      close();
      parts.push(run);
    } else {
      gap.push(run);
    }
  });
  close();
  return parts;
}
