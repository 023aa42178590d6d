/** Which entries are shown, in what order, and how many any other choice would show. */
import {
  IEntry,
  ITrace,
  placeOf,
  secondsOf,
  standingOf,
  STANDINGS,
  tokensOf
} from './entry';
import { SampleView } from './record';
import { Matcher, Scope } from './search';

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
}

export interface ISelection {
  entries: IEntry[];
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
}

interface IHit {
  row: SampleView;
  trace: ITrace | undefined;
  hit: boolean;
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
    descending: false
  };

  constructor(source: ISource) {
    this._source = source;
  }

  get matcher(): Matcher | null {
    const { query, regex } = this.filter;
    if (!query) {
      return null;
    }
    const name = `${regex} ${query}`;
    if (name !== this._matcherName) {
      this._matcherName = name;
      this._problem = '';
      try {
        this._matcher = new Matcher(query, regex);
      } catch (error) {
        this._matcher = null;
        this._problem = error instanceof Error ? error.message : 'not valid';
      }
    }
    return this._matcher;
  }

  /** What the filter leaves, in order, and how many every other choice would leave. */
  select(): ISelection {
    const matcher = this.matcher;
    const deadline = performance.now() + SLICE_MS;
    const key = `${this._matcherName} ${this.filter.scope}`;
    if (key !== this._hitsKey) {
      this._hits.clear();
      this._hitsKey = key;
    }
    const counts = Object.fromEntries(
      FACETS.map(facet => [facet, new Map<string, number>()])
    ) as ISelection['counts'];
    const values = Object.fromEntries(
      FACETS.map(facet => [facet, new Set<string>()])
    ) as ISelection['values'];
    const entries: IEntry[] = [];
    const broken = this.filter.query !== '' && matcher === null;
    let searching = false;
    let total = 0;
    for (const entry of this._source.entries()) {
      total++;
      for (const facet of FACETS) {
        valuesOf(entry, facet).forEach(value => values[facet].add(value));
      }
      if (matcher !== null) {
        const known = this._known(entry);
        if (known === undefined && performance.now() > deadline) {
          searching = true;
          continue;
        }
        if (!(known ?? this._search(entry, matcher))) {
          continue;
        }
      } else if (broken) {
        continue;
      }
      const failed = FACETS.filter(facet => !this._passes(entry, facet));
      for (const facet of FACETS) {
        if (
          failed.length === 0 ||
          (failed.length === 1 && failed[0] === facet)
        ) {
          for (const value of valuesOf(entry, facet)) {
            counts[facet].set(value, (counts[facet].get(value) ?? 0) + 1);
          }
        }
      }
      if (failed.length === 0) {
        entries.push(entry);
      }
    }
    this._sort(entries);
    return {
      entries,
      total,
      values,
      counts,
      searching,
      problem: broken ? this._problem : ''
    };
  }

  private _passes(entry: IEntry, facet: Facet): boolean {
    const chosen = this.filter[facet];
    return (
      chosen.size === 0 ||
      valuesOf(entry, facet).some(value => chosen.has(value))
    );
  }

  private _known(entry: IEntry): boolean | undefined {
    const found = this._hits.get(entry.key);
    return found !== undefined &&
      entry.stream === null &&
      found.row === entry.row &&
      found.trace === this._source.trace(entry.key)
      ? found.hit
      : undefined;
  }

  private _search(entry: IEntry, matcher: Matcher): boolean {
    const { row, stream } = entry;
    const trace = this._source.trace(entry.key);
    const texts: Record<Exclude<Scope, 'all'>, () => string[]> = {
      id: () => [row.id, row.source_id],
      question: () => [row.question?.text ?? '', ...row.choices],
      answer: () => [
        trace?.answer ?? row.answer?.text ?? '',
        row.extracted,
        row.gold,
        stream?.answer.text ?? ''
      ],
      reasoning: () => [
        trace?.reasoning ?? row.reasoning?.text ?? '',
        stream?.reasoning.text ?? ''
      ]
    };
    const { scope } = this.filter;
    const scopes =
      scope === 'all'
        ? (Object.keys(texts) as (keyof typeof texts)[])
        : [scope];
    const hit =
      scopes.some(name => texts[name]().some(text => matcher.test(text))) ||
      (scope === 'all' && [row.why, row.error].some(t => matcher.test(t)));
    this._hits.set(entry.key, { row, trace, hit });
    return hit;
  }

  private _sort(entries: IEntry[]): void {
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
    entries.sort((a, b) => sign * (value(a) - value(b)) || rank(a) - rank(b));
  }

  private _source: ISource;
  private _hits = new Map<string, IHit>();
  private _hitsKey = '';
  private _matcher: Matcher | null = null;
  private _matcherName = '';
  private _problem = '';
}

function valuesOf(entry: IEntry, facet: Facet): string[] {
  switch (facet) {
    case 'standing':
      return [standingOf(entry)];
    case 'subset':
      return [placeOf(entry.row)];
    case 'benchmark':
      return [entry.row.benchmark];
    case 'flag':
      return entry.row.flags;
  }
}
