/** Which whole texts were asked for from the run directory, what has come, and what is to be said of the rest. */
import { count, number } from '../record/format';
import { SampleView } from '../record/record';
import { IEntry, IMessage, isClipped, isOf, ITrace } from './entry';
import { RunModel } from './model';
import { IWanted, Locate, readTraces, TraceError, tracePath } from './traces';

/** Characters kept of texts that nobody has asked for by name. */
const KEPT = 60_000_000;
/** Milliseconds between two words on how far a search has come. */
const PROGRESS_MS = 300;

/** Of a path that leads up and out, or to another machine: it is not asked for. */
const UNREACHABLE =
  'The whole text is not at hand (the run’s folder is outside the folder that this server shows).';

/** Whole texts that lie elsewhere than in the run's folder. */
export interface ITextSource {
  /** What that place is called in a sentence. */
  readonly place: string;
  /** What is to be read for a row's `file`; null where that is not at hand. */
  pathOf(file: string): string | null;
  /** Hands on each text that is wanted; rejects with a TraceError where it cannot. */
  read(path: string, wanted: IWanted): Promise<void>;
}

export class TraceFetcher {
  /** What to say of a search in the run directory, or empty. */
  status = '';
  /** Whether such a search is reading files. */
  busy = false;

  /**
   * `locate` null: no file can be fetched here. `changed` is called when there is something new to draw. `source` stands
   * in the place of the run's folder.
   */
  constructor(
    model: RunModel,
    locate: Locate | null,
    changed: () => void,
    source: ITextSource | null = null
  ) {
    this._model = model;
    this._locate = locate;
    this._changed = changed;
    this._source = source;
  }

  get isPossible(): boolean {
    return this._locate !== null || this._source !== null;
  }

  /** The place of the whole texts, in a sentence. */
  get place(): string {
    return this._source?.place ?? 'the run’s folder';
  }

  /** The path of a row's file, or null where there is none. */
  pathOf(row: { file: string }): string | null {
    const { record } = this._model;
    if (this._source !== null) {
      return row.file ? this._source.pathOf(row.file) : null;
    }
    return row.file && record ? tracePath(record.run_dir, row.file) : null;
  }

  /** The prompt of a sample, read from its file; null where that does not have it, or is not within reach. */
  async prompt({ key, row }: IEntry): Promise<IMessage[] | null> {
    const path = this.pathOf(row);
    if (!this._model.trace(key)?.prompt && path && this._locate) {
      await this._read(path, [this._model.entry(key)!], { first: key });
    }
    return this._model.trace(key)?.prompt ?? null;
  }

  /** Samples whose whole text is not here and has not been looked for in vain, by file. */
  get unsearched(): Map<string, IEntry[]> {
    const files = new Map<string, IEntry[]>();
    if (this.isPossible) {
      for (const [file, entries] of this._model.clipped()) {
        if (this._source !== null && this._source.pathOf(file) === null) {
          continue; // withheld
        }
        const left = entries.filter(entry => !this._tried.has(nameOf(entry)));
        if (left.length > 0) {
          files.set(file, left);
        }
      }
    }
    return files;
  }

  /** Another run is shown. */
  reset(): void {
    this.stop();
    this._said.clear();
    this._tried.clear();
    this.status = '';
    this._kept = 0;
    this._isFull = false;
  }

  /** Read no further for a search. */
  stop(): void {
    this._reading?.abort();
  }

  /** The sample's whole texts, with those of its neighbours in the same file: they are likely to be read next. */
  async fetch(entry: IEntry): Promise<void> {
    const { row } = entry;
    const path = this.pathOf(row);
    if (
      !this.isPossible ||
      !this._isWanting(entry) ||
      this._said.has(nameOf(entry))
    ) {
      return;
    }
    if (path === null && this._source !== null) {
      return; // it is withheld, and the note says so
    }
    if (path === null) {
      this._said.set(nameOf(entry), UNREACHABLE);
      this._changed();
      return;
    }
    const neighbours = this._model.clipped().get(row.file) ?? [];
    const asked = neighbours.filter(other => !this._said.has(nameOf(other)));
    for (const other of [entry, ...asked]) {
      this._said.set(
        nameOf(other),
        `Reading the whole text from ${this.place}…`
      );
    }
    const problem = await this._read(path, [entry, ...asked], {
      first: entry.key
    });
    for (const other of [entry, ...asked]) {
      if (this._model.trace(other.key)) {
        this._said.delete(nameOf(other));
      } else if (other === entry || problem) {
        const why = problem || 'the file does not hold this sample';
        const said = `The whole text is not at hand (${why}): ${path}`;
        this._said.set(nameOf(other), said);
      } else {
        this._said.delete(nameOf(other)); // it may be asked for by name
      }
    }
    this._changed();
  }

  /** All texts that the record has left out, for a search; each is looked for once. */
  async fetchAll(): Promise<void> {
    const files = this.unsearched;
    if (this.busy || files.size === 0) {
      return;
    }
    const reading = new AbortController();
    this._reading = reading;
    this.busy = true;
    const wanted = [...files.values()].flat();
    const failed: string[] = [];
    let last = performance.now();
    this._say(0, wanted.length);
    this._changed();
    let came = 0;
    const arrived = (): void => {
      came++;
      if (performance.now() - last > PROGRESS_MS && !reading.signal.aborted) {
        last = performance.now();
        this._say(came, wanted.length);
        this._changed();
      }
    };
    for (const [file, entries] of files) {
      const path = this.pathOf({ file });
      const problem =
        path === null
          ? 'outside the run’s folder'
          : await this._read(path, entries, {
              arrived,
              signal: reading.signal
            });
      if (reading.signal.aborted) {
        break;
      }
      if (problem) {
        failed.push(`${path ?? file} (${problem})`);
      }
      entries.forEach(entry => this._tried.add(nameOf(entry)));
    }
    this._reading = null;
    this.busy = false;
    const left = wanted.filter(({ key }) => !this._model.trace(key)).length;
    this.status =
      reading.signal.aborted || left === 0
        ? ''
        : failed.length
          ? `${count(failed.length, 'file')} not searched: ${failed[0]}`
          : this._isFull
            ? `${count(left, 'whole text')} not searched: more than ${number(KEPT / 1e6)} million characters are not kept here`
            : `${count(left, 'whole text')} not found in ${this.place}`;
    this._changed();
  }

  private _say(came: number, wanted: number): void {
    this.status = `Searching the whole texts in ${this.place}: ${number(came)} of ${number(wanted)}`;
  }

  /** The texts of these entries, for whoever needs them all at once. */
  async fetchThese(entries: readonly IEntry[]): Promise<void> {
    const byFile = new Map<string, IEntry[]>();
    for (const entry of entries) {
      const path = this.isPossible ? this.pathOf(entry.row) : null;
      if (path !== null && this._isWanting(entry)) {
        byFile.set(path, [...(byFile.get(path) ?? []), entry]);
      }
    }
    for (const [path, wanted] of byFile) {
      await this._read(path, wanted, {});
    }
  }

  /** What to say beside a sample whose texts are not whole, or empty. */
  note(entry: IEntry): string {
    if (!this._isWanting(entry)) {
      return '';
    }
    const said = this._said.get(nameOf(entry));
    if (said) {
      return said;
    }
    if (this._model.record!.withheld && entry.row.reasoning === null) {
      return 'Withheld: the benchmark’s authors ask not to publish it. It is in the run’s folder.';
    }
    const path = this._source === null ? this.pathOf(entry.row) : null;
    return `The whole text is in ${path ?? this.place}.`;
  }

  private _isWanting(entry: IEntry): boolean {
    return (
      entry.stream === null &&
      isClipped(entry.row) &&
      this._model.trace(entry.key) === undefined
    );
  }

  /** Returns why it could not be read, or nothing. `first` is kept whatever is kept already. */
  private async _read(
    path: string,
    entries: IEntry[],
    {
      first,
      arrived,
      signal
    }: { first?: string; arrived?: () => void; signal?: AbortSignal }
  ): Promise<string> {
    const run = this._model.record!.run_id;
    const keys = new Set(entries.map(({ key }) => key));
    try {
      const found = (key: string, trace: ITrace, foreign: boolean): void => {
        const row = this._model.entry(key)?.row;
        // A number alone may be that of another sample: its text begins in another way.
        if (foreign && row && !isSame(row, trace)) {
          return;
        }
        const size = trace.reasoning.length + trace.answer.length;
        const isFull = this._kept + size > KEPT && key !== first;
        this._isFull ||= isFull;
        if (this._model.record!.run_id === run && !isFull) {
          // One that is read again takes the place of the first.
          this._kept += this._model.trace(key) ? 0 : size;
          this._model.setTrace(key, trace);
          arrived?.();
        }
      };
      const { repeats } = this._model.record!;
      const most = Math.max(1, repeats);
      const wanted = { keys, found, repeats: most, signal };
      await (this._source?.read(path, wanted) ??
        readTraces(this._locate!, path, wanted));
      return '';
    } catch (error) {
      return error instanceof TraceError ? error.message : 'it cannot be read';
    }
  }

  private _model: RunModel;
  private _locate: Locate | null;
  private _changed: () => void;
  private _source: ITextSource | null;
  /** By sample and outcome. */
  private _said = new Map<string, string>();
  /** Looked for by a search, by sample and outcome. */
  private _tried = new Set<string>();
  private _reading: AbortController | null = null;
  private _kept = 0;
  /** Whether a text has not been kept. */
  private _isFull = false;
}

function nameOf({ key, row }: IEntry): string {
  return `${row.outcome} ${key}`;
}

function isSame(row: SampleView, trace: ITrace): boolean {
  return isOf(row.reasoning, trace.reasoning) && isOf(row.answer, trace.answer);
}
