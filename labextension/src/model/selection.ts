/** Which entries are shown, in what order, and how many any other choice would show. */
import { SampleView } from '../record/record';
import {
  IEntry,
  ITrace,
  secondsOf,
  standingOf,
  STANDINGS,
  subsetKey,
  tokensOf
} from './entry';
import { Finder } from './finder';
import { IWorker } from './pattern-worker';
import {
  IProblem,
  meanSeconds,
  meanTokens,
  problemsOf,
  shareOf
} from './problems';
import { IMatcher, Scope } from './search';

export type Sort = 'failures' | 'order' | 'tokens' | 'time' | 'level';

export const SORTS: Record<Sort, string> = {
  failures: 'failures first',
  order: 'order of the data',
  tokens: 'tokens',
  time: 'time',
  level: 'level'
};

export const FACETS = ['standing', 'subset', 'benchmark', 'flag'] as const;
export type Facet = (typeof FACETS)[number];

/** What is shown: each set empty means no restriction. */
export interface IFilter {
  standing: Set<string>;
  subset: Set<string>;
  benchmark: Set<string>;
  flag: Set<string>;
  query: string;
  regex: boolean;
  scope: Scope;
  sort: Sort;
  descending: boolean;
  /** Whether a line is a problem with all its answers, where there are repeats. */
  byProblem: boolean;
}

export interface ISelection {
  entries: IEntry[];
  /** The same by problem, in order; null where lines are answers. */
  problems: IProblem[] | null;
  /** All problems, whatever the filter; null where each has one answer. */
  problemsTotal: number | null;
  /** What is in flight, whatever the filter: it stands apart from the results. */
  streams: IEntry[];
  /** All entries, whatever the filter. */
  total: number;
  /** What each facet can be, whatever the filter. */
  values: Record<Facet, Set<string>>;
  /** How many each choice of a facet would leave, the other filters as they are. */
  counts: Record<Facet, Map<string, number>>;
  /** Whether the search has not come through all texts yet. */
  searching: boolean;
  /** Why the query cannot be used, or empty. */
  problem: string;
  /** What else to say of the query, or empty. */
  notice: string;
}

/** Where a selection is made from. */
export interface ISource {
  entries: () => Iterable<IEntry>;
  trace: (key: string) => ITrace | undefined;
  /** An entry's place in the order of the data. */
  rank: (key: string) => number;
  /** A subset's place in the order of the table. */
  place: (row: SampleView) => number;
}

const SLICE_MS = 24;
export class Selector {
  readonly filter: IFilter = {
    standing: new Set(),
    subset: new Set(),
    benchmark: new Set(),
    flag: new Set(),
    query: '',
    regex: false,
    scope: 'all',
    sort: 'failures',
    descending: false,
    byProblem: true
  };

  readonly finder: Finder;

  constructor(source: ISource, worker?: () => IWorker) {
    this._source = source;
    this.finder = new Finder(source.trace, worker);
  }

  get matcher(): IMatcher | null {
    this.finder.use(this.filter);
    return this.finder.matcher;
  }

  /** What the filter leaves, in order, and how many every other choice would leave. */
  select(): ISelection {
    const { finder } = this;
    finder.use(this.filter);
    const deadline = performance.now() + SLICE_MS;
    const counts = Object.fromEntries(
      FACETS.map(facet => [facet, new Map<string, number>()])
    ) as ISelection['counts'];
    const values = Object.fromEntries(
      FACETS.map(facet => [facet, new Set<string>()])
    ) as ISelection['values'];
    const entries: IEntry[] = [];
    const streams: IEntry[] = [];
    const unknown: IEntry[] = [];
    const byProblem = new Map<string, IEntry[]>();
    let total = 0;
    let all = 0;
    for (const entry of this._source.entries()) {
      total++;
      all++;
      const others = byProblem.get(entry.row.id);
      if (others) {
        others.push(entry);
      } else {
        byProblem.set(entry.row.id, [entry]);
      }
      if (entry.stream !== null) {
        streams.push(entry);
        if (this.filter.query === '') {
          total--;
          continue; // a search finds what is being written, too
        }
      }
      const its = FACETS.map(facet => valuesOf(entry, facet));
      FACETS.forEach((facet, i) => its[i].forEach(v => values[facet].add(v)));
      const hit = finder.hit(entry, deadline);
      if (hit === undefined) {
        unknown.push(entry);
      }
      if (!(hit ?? finder.hitBefore(entry))) {
        continue;
      }
      const failed = FACETS.filter((facet, i) => !this._passes(facet, its[i]));
      FACETS.forEach((facet, i) => {
        if (
          failed.length === 0 ||
          (failed.length === 1 && failed[0] === facet)
        ) {
          for (const value of its[i]) {
            counts[facet].set(value, (counts[facet].get(value) ?? 0) + 1);
          }
        }
      });
      if (failed.length === 0) {
        entries.push(entry);
      }
    }
    const sorted = this._sorted(entries);
    const hasRepeats = byProblem.size < all;
    return {
      entries: sorted,
      problems:
        hasRepeats && this.filter.byProblem
          ? this._sortedProblems(problemsOf(sorted, byProblem))
          : null,
      problemsTotal: hasRepeats ? byProblem.size : null,
      streams,
      total,
      values,
      counts,
      searching: finder.searchRest(unknown),
      problem: finder.problem,
      notice: finder.notice
    };
  }

  private _passes(facet: Facet, values: string[]): boolean {
    const chosen = this.filter[facet];
    return chosen.size === 0 || values.some(value => chosen.has(value));
  }

  private _sorted(entries: IEntry[]): IEntry[] {
    const rank = (entry: IEntry): number => this._source.rank(entry.key);
    const by: Record<Sort, (entry: IEntry) => number> = {
      failures: entry => STANDINGS.indexOf(standingOf(entry)),
      order: rank,
      tokens: entry => tokensOf(entry),
      time: entry => secondsOf(entry) ?? -1,
      level: ({ row }) => this._source.place(row)
    };
    const value = by[this.filter.sort];
    const sign = this.filter.descending ? -1 : 1;
    return entries
      .map(entry => ({ entry, value: sign * value(entry), rank: rank(entry) }))
      .sort((a, b) => a.value - b.value || a.rank - b.rank)
      .map(({ entry }) => entry);
  }

  /** Failures first: the problem that was answered correctly least often. */
  private _sortedProblems(problems: IProblem[]): IProblem[] {
    const rank = ({ answers }: IProblem): number =>
      this._source.rank(answers[0].key);
    const by: Record<Sort, (problem: IProblem) => number> = {
      failures: shareOf,
      order: rank,
      tokens: meanTokens,
      time: problem => meanSeconds(problem) ?? -1,
      level: ({ answers }) => this._source.place(answers[0].row)
    };
    const value = by[this.filter.sort];
    const sign = this.filter.descending ? -1 : 1;
    return problems
      .map(problem => ({
        problem,
        value: sign * value(problem),
        rank: rank(problem)
      }))
      .sort((a, b) =>
        a.value === b.value ? a.rank - b.rank : a.value < b.value ? -1 : 1
      )
      .map(({ problem }) => problem);
  }

  private _source: ISource;
}

function valuesOf(entry: IEntry, facet: Facet): string[] {
  switch (facet) {
    case 'standing':
      return [standingOf(entry)];
    case 'subset':
      return [keyOnce(entry.row)];
    case 'benchmark':
      return [entry.row.benchmark];
    case 'flag':
      return entry.row.flags;
  }
}

const places = new WeakMap<SampleView, string>();

/** Made once a row: every update looks at all of them. */
function keyOnce(row: SampleView): string {
  let place = places.get(row);
  if (place === undefined) {
    place = subsetKey(row);
    places.set(row, place);
  }
  return place;
}
