/**
 * The state of a run's view: rows merged over all updates, and which of them are shown in what order. No DOM.
 */
import {
  Clip,
  InFlight,
  keyOf,
  Outcome,
  RunRecord,
  SampleView
} from './record';
import { Matcher, Scope } from './search';
import { IStream, Streams } from './stream';
import { OUTCOMES } from './wording';

/** What a row is told apart by: its outcome, or that it is being answered. */
export type Standing = Outcome | 'running';

export const STANDINGS: Standing[] = ['running', ...OUTCOMES];

/** A line of the list. */
export interface IEntry {
  key: string;
  row: SampleView;
  /** Its stream, while it is being answered. */
  stream: IStream | null;
}

/** The whole texts of a sample, from the run directory. */
export interface ITrace {
  reasoning: string;
  answer: string;
}

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

const SLICE_MS = 24;
const collator = new Intl.Collator('en', { numeric: true });

export class RunModel {
  record: RunRecord | null = null;
  readonly streams = new Streams();
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

  /** Take in an update. Returns false where it is of another run than the one before, and everything is new. */
  update(record: RunRecord, reading: string | null = null): boolean {
    const same = this.record?.run_id === record.run_id;
    if (!same) {
      this._rows.clear();
      this._traces.clear();
      this.streams.update([]);
      this.streams.forget(null);
    }
    this.record = record;
    const before = this._rows;
    if (!record.partial) {
      this._rows = new Map();
    }
    for (const row of record.samples) {
      const key = keyOf(row);
      this._rows.set(key, keepTexts(row, before.get(key)));
    }
    this.streams.update(record.in_flight);
    this.streams.forget(reading);
    this._arrange();
    return same;
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

  entry(key: string | null): IEntry | undefined {
    return key === null ? undefined : this._entries.get(key);
  }

  /** All repeats of a sample, the first first. */
  repeats(id: string): IEntry[] {
    return [...this._entries.values()]
      .filter(({ row }) => row.id === id)
      .sort((a, b) => a.row.repeat - b.row.repeat);
  }

  trace(key: string): ITrace | undefined {
    return this._traces.get(key);
  }

  setTrace(key: string, trace: ITrace): void {
    this._traces.set(key, trace);
  }

  /** Samples whose texts are not whole here but in a file of the run, by file. */
  clipped(): Map<string, IEntry[]> {
    const files = new Map<string, IEntry[]>();
    for (const entry of this._entries.values()) {
      if (isClipped(entry.row) && !this._traces.has(entry.key)) {
        const { file } = entry.row;
        files.set(file, [...(files.get(file) ?? []), entry]);
      }
    }
    return files;
  }

  /** Subsets in the order of the table, as `benchmark`, `subset`. */
  subsets(): string[] {
    return [...this._places.keys()];
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
    for (const entry of this._entries.values()) {
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
      total: this._entries.size,
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
      found.trace === this._traces.get(entry.key)
      ? found.hit
      : undefined;
  }

  private _search(entry: IEntry, matcher: Matcher): boolean {
    const { row, stream } = entry;
    const trace = this._traces.get(entry.key);
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
    const rank = (entry: IEntry): number => this._ranks.get(entry.key) ?? 0;
    const by: Record<Sort, (entry: IEntry) => number> = {
      failures: entry => STANDINGS.indexOf(standingOf(entry)),
      order: rank,
      tokens: entry => tokensOf(entry),
      time: entry => secondsOf(entry) ?? -1,
      level: ({ row }) => this._places.get(placeOf(row)) ?? 0
    };
    const value = by[this.filter.sort];
    const sign = this.filter.descending ? -1 : 1;
    entries.sort((a, b) => sign * (value(a) - value(b)) || rank(a) - rank(b));
  }

  /** Entries from rows and streams, and their order in the data. */
  private _arrange(): void {
    const entries = new Map<string, IEntry>();
    for (const [key, row] of this._rows) {
      entries.set(key, { key, row, stream: null });
    }
    for (const stream of this.streams.current) {
      const key = keyOf(stream.flight);
      const row = entries.get(key)?.row;
      // A row that is finished has come in the same update as its stream's last piece.
      if (row === undefined || row.outcome === 'pending') {
        entries.set(key, { key, row: row ?? rowOf(stream.flight), stream });
      }
    }
    const isNew =
      entries.size !== this._entries.size ||
      [...entries.keys()].some(key => !this._entries.has(key));
    this._entries = entries;
    if (!isNew) {
      return;
    }
    this._places = new Map();
    const place = (row: { benchmark: string; subset: string }): number => {
      const name = placeOf(row);
      if (!this._places.has(name)) {
        this._places.set(name, this._places.size);
      }
      return this._places.get(name)!;
    };
    this.record!.table.filter(row => row.subset !== 'all').forEach(place);
    const rows = [...entries.values()].map(entry => ({
      entry,
      place: place(entry.row)
    }));
    rows.sort(
      (a, b) =>
        a.place - b.place ||
        collator.compare(a.entry.row.id, b.entry.row.id) ||
        a.entry.row.repeat - b.entry.row.repeat
    );
    this._ranks = new Map(rows.map(({ entry }, rank) => [entry.key, rank]));
  }

  private _rows = new Map<string, SampleView>();
  private _entries = new Map<string, IEntry>();
  private _ranks = new Map<string, number>();
  private _places = new Map<string, number>();
  private _traces = new Map<string, ITrace>();
  private _hits = new Map<string, IHit>();
  private _hitsKey = '';
  private _matcher: Matcher | null = null;
  private _matcherName = '';
  private _problem = '';
}

export function standingOf(entry: IEntry): Standing {
  return entry.stream !== null ? 'running' : entry.row.outcome;
}

export function tokensOf({ row, stream }: IEntry): number {
  return stream?.flight.tokens ?? row.reasoning_tokens + row.answer_tokens;
}

export function secondsOf({ row, stream }: IEntry): number | null {
  return stream?.flight.elapsed_s ?? row.latency_s;
}

export function placeOf(row: { benchmark: string; subset: string }): string {
  return `${row.benchmark}\0${row.subset}`;
}

/** Whether a file of the run holds more of the sample's texts than the record. */
export function isClipped(row: SampleView): boolean {
  const lacks = (clip: Clip | null, tokens: number): boolean =>
    clip === null ? tokens > 0 : clip.omitted > 0;
  return (
    row.file !== '' &&
    (lacks(row.reasoning, row.reasoning_tokens) ||
      lacks(row.answer, row.answer_tokens))
  );
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

/** The saved record may hold less of a text than an update did: what a reader has before them is not taken away. */
function keepTexts(
  row: SampleView,
  before: SampleView | undefined
): SampleView {
  if (
    before === undefined ||
    before.outcome !== row.outcome ||
    before.reasoning_tokens !== row.reasoning_tokens
  ) {
    return row;
  }
  const fuller = (now: Clip | null, then: Clip | null): Clip | null =>
    then !== null && then.omitted === 0 && (now?.omitted ?? 1) > 0 ? then : now;
  return {
    ...row,
    reasoning: fuller(row.reasoning, before.reasoning),
    answer: fuller(row.answer, before.answer)
  };
}

function rowOf(flight: InFlight): SampleView {
  return {
    benchmark: flight.benchmark,
    subset: flight.subset,
    id: flight.id,
    repeat: flight.repeat,
    outcome: 'pending',
    why: 'being answered',
    gold: '',
    extracted: '',
    second_extracted: '',
    flags: [],
    reasoning_tokens: 0,
    answer_tokens: 0,
    finish_reason: '',
    attempts: flight.attempt,
    ttft_s: null,
    latency_s: null,
    error: '',
    source_id: '',
    question: null,
    reasoning: null,
    answer: null,
    choices: [],
    file: ''
  };
}
