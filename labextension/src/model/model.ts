/**
 * The state of a run's view: rows and streams merged over all updates, whole texts, and the selection. No DOM.
 */
import { Clip, keyOf, RunRecord, SampleView } from '../record/record';
import { isLiveState } from '../record/vocabulary';
import { IEntry, isClipped, ITrace, rowOf, subsetKey } from './entry';
import { IWorker } from './pattern-worker';
import { Selector } from './selection';
import { Streams } from './stream';

export class RunModel {
  record: RunRecord | null = null;
  readonly streams = new Streams();
  readonly selector: Selector;

  constructor(worker?: () => IWorker) {
    this.selector = new Selector(
      {
        entries: () => this._entries.values(),
        trace: key => this._traces.get(key),
        rank: key => this._ranks.get(key) ?? 0,
        place: row => this._places.get(subsetKey(row)) ?? 0
      },
      worker
    );
  }

  /** Take in an update. Returns false where it is of another run than the one before, and everything is new. */
  update(record: RunRecord, reading: string | null = null): boolean {
    const same = this.record?.run_id === record.run_id;
    if (!same) {
      this._rows.clear();
      this._traces.clear();
      this._orders.clear();
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
    const isGoing = isLiveState(record.state);
    this.streams.update(record.in_flight, isGoing ? reading : null);
    this.streams.forget(reading);
    this._arrange();
    return same;
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

  /** The rows of all updates. */
  rows(): SampleView[] {
    return [...this._rows.values()];
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
        const others = files.get(file);
        if (others) {
          others.push(entry);
        } else {
          files.set(file, [entry]);
        }
      }
    }
    return files;
  }

  /** Subsets in the order of the table, as `benchmark`, `subset`. */
  subsets(): string[] {
    return [...this._places.keys()];
  }

  /** Entries from rows and streams, and their order in the data. */
  private _arrange(): void {
    const entries = new Map<string, IEntry>();
    for (const [key, row] of this._rows) {
      const before = this._entries.get(key);
      entries.set(
        key,
        before?.row === row && before.stream === null
          ? before
          : { key, row, stream: null }
      );
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
      const name = subsetKey(row);
      if (!this._places.has(name)) {
        this._places.set(name, this._places.size);
      }
      return this._places.get(name)!;
    };
    this.record!.table.filter(row => row.subset !== 'all').forEach(place);
    const rows = [...entries.values()].map(entry => ({
      entry,
      place: place(entry.row),
      order: this._orderOf(entry.row.id)
    }));
    rows.sort(
      (a, b) =>
        a.place - b.place ||
        (a.order < b.order ? -1 : a.order > b.order ? 1 : 0) ||
        a.entry.row.repeat - b.entry.row.repeat
    );
    this._ranks = new Map(rows.map(({ entry }, rank) => [entry.key, rank]));
  }

  /** Sorts 10 after 9. Remembered: every sample that begins puts all of them in order anew. */
  private _orderOf(id: string): string {
    let order = this._orders.get(id);
    if (order === undefined) {
      order = id.replace(/\d+/g, digits => digits.padStart(12, '0'));
      this._orders.set(id, order);
    }
    return order;
  }

  private _orders = new Map<string, string>();
  private _rows = new Map<string, SampleView>();
  private _entries = new Map<string, IEntry>();
  private _ranks = new Map<string, number>();
  private _places = new Map<string, number>();
  private _traces = new Map<string, ITrace>();
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
