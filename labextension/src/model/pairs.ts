/** The pairs of a comparison: both answers of each, and which of them the reader wants to see. No DOM. */
import { ICompare, ICompareRun, PairKind } from '../record/compare';
import { Clip } from '../record/record';
import { IEntry } from './entry';
import { RunModel } from './model';
import { IMatcher, Matcher } from './search';

export interface IPair {
  key: string;
  /** Letter of the run that is held against the first. */
  b: string;
  kind: PairKind;
  first: IEntry;
  second: IEntry;
}

/** What is told of a pair by a chip of its own. */
export type PairChip = 'lost' | 'gained' | 'neither' | 'check';

export class PairsModel {
  /** By letter. */
  readonly runs = new Map<string, { run: ICompareRun; model: RunModel }>();
  /** Chosen chips of which each pair has one; empty: the flips. */
  readonly chips = new Set<PairChip>();
  /** Letter of the run whose pairs are shown; empty: those of all. */
  b = '';
  /** Benchmark and subset of the row that was chosen, or null. */
  row: { benchmark: string; subset: string } | null = null;

  setCompare(compare: ICompare): void {
    const before = new Map(this.runs);
    this.runs.clear();
    for (const run of compare.runs) {
      const model = before.get(run.letter)?.model ?? new RunModel();
      model.update(run.record);
      this.runs.set(run.letter, { run, model });
    }
    this._compare = compare;
  }

  get query(): string {
    return this._query;
  }

  /** What is searched for, in any case of letters; it marks both sides alike. */
  set query(query: string) {
    if (query !== this._query) {
      this._query = query;
      this._matcher = query === '' ? null : new Matcher(query);
    }
  }

  get matcher(): IMatcher | null {
    return this._matcher;
  }

  /** All pairs of which both answers are here, flips first, in the record's order. */
  all(): IPair[] {
    const first = this.runs.get(this._compare?.runs[0]?.letter ?? '')?.model;
    return (this._compare?.pairs ?? []).flatMap(pair => {
      const a = first?.entry(pair.first);
      const b = this.runs.get(pair.b)?.model.entry(pair.second);
      const key = `${pair.b} ${pair.first}`;
      return a && b
        ? [{ key, b: pair.b, kind: pair.kind, first: a, second: b }]
        : [];
    });
  }

  /** Those that fit the run, the row and the search: what the chips count. */
  within(): IPair[] {
    const { row } = this;
    return this.all().filter(
      pair =>
        (this.b === '' || pair.b === this.b) &&
        (row === null ||
          (pair.first.row.benchmark === row.benchmark &&
            (row.subset === 'all' || pair.first.row.subset === row.subset))) &&
        this._matches(pair)
    );
  }

  /** Those of them that the chips leave: flips as long as none is chosen. */
  shown(within: IPair[] = this.within()): IPair[] {
    return within.filter(pair =>
      this.chips.size
        ? [...this.chips].some(chip => hasChip(pair, chip))
        : pair.kind !== ''
    );
  }

  private _matches(pair: IPair): boolean {
    const matcher = this._matcher;
    return (
      matcher === null ||
      this._texts(pair).some(
        text => text !== '' && matcher.first(text) !== null
      )
    );
  }

  private _texts({ b, first, second }: IPair): string[] {
    const sides: [IEntry, RunModel | undefined][] = [
      [first, this.runs.get(this._compare!.runs[0].letter)?.model],
      [second, this.runs.get(b)?.model]
    ];
    return sides.flatMap(([{ key, row }, model]) => {
      const trace = model?.trace(key);
      const of = (clip: Clip | null): string => clip?.text ?? '';
      return [
        row.id,
        row.gold,
        row.extracted,
        of(row.question),
        trace?.answer ?? of(row.answer),
        trace?.reasoning ?? of(row.reasoning)
      ];
    });
  }

  private _compare: ICompare | null = null;
  private _query = '';
  private _matcher: Matcher | null = null;
}

export function hasChip(pair: IPair, chip: PairChip): boolean {
  switch (chip) {
    case 'check':
      return [pair.first, pair.second].some(({ row }) =>
        row.flags.includes('check_by_hand')
      );
    case 'neither':
      return pair.kind === '';
    default:
      return pair.kind === chip;
  }
}

/** Characters with which both texts begin, up to the last whole word. */
export function commonOpening(first: string, second: string): number {
  const shorter = Math.min(first.length, second.length);
  let alike = 0;
  while (alike < shorter && first[alike] === second[alike]) {
    alike++;
  }
  if (alike === first.length && alike === second.length) {
    return alike;
  }
  while (alike > 0 && !/\s/.test(first[alike - 1])) {
    alike--;
  }
  return alike;
}
