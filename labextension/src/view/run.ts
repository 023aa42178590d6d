/** A run as a widget, wherever it is shown: in a notebook's output, in a tab of its own, in a panel. */
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { el, setAttribute } from '../dom';
import { IEntry, isClipped, placeOf, RunModel } from '../model';
import { RunRecord } from '../record';
import { Locate, readTraces, TraceError, tracePath } from '../traces';
import { count } from '../wording';
import { IContext } from './attempt';
import { DetailView } from './detail';
import { FiltersView } from './filters';
import { HeaderView } from './header';
import { KeyboardHandler } from './keyboard';
import { ListView } from './list';
import { TableView } from './table';
import { LazyTypesetter, Typeset } from './typeset';

/** What a run's view needs of its surroundings; null where they do not have it. */
export interface IRunEnvironment {
  /** Typesets the formulas in an element. */
  typeset: Typeset | null;
  /** Where a file can be fetched, its path being relative to the notebook's folder, or whole. */
  locate: Locate | null;
  /** Makes a click on the anchor open the file. */
  link: ((anchor: HTMLAnchorElement, path: string) => Promise<void>) | null;
}

export class RunView extends Widget {
  readonly model = new RunModel();

  constructor(environment: IRunEnvironment) {
    super();
    this.addClass('qwq-RunView');
    this._environment = environment;
    this._list = new ListView(key => this.choose(key, true));
    this._filters = new FiltersView(
      this.model.filter,
      () => this._drawBrowser(),
      () => void this._searchTraces()
    );
    this._table = new TableView((benchmark, subset) =>
      this._narrow(benchmark, subset)
    );
    this._typesetter = new LazyTypesetter(environment.typeset, null);
    this._detail = new DetailView(this._typesetter, {
      choose: key => this.choose(key, false),
      fetch: entry => void this._fetch(entry),
      copy: entry => this._copy(entry),
      link: (anchor, entry) => void this._link(anchor, entry)
    });
    this._browser = el(
      'section',
      { class: 'qwq-browser', 'aria-label': 'Samples' },
      this._filters.node,
      el('div', { class: 'qwq-panes' }, this._list.node, this._detail.node)
    );
    this.node.append(this._header.node, this._table.node, this._browser);
    setAttribute(this.node, 'role', 'group');
    this._keyboard = new KeyboardHandler(this.node, {
      list: this._list.node,
      detail: this._detail.node,
      search: this._filters.search,
      move: steps => this._move(steps),
      page: () => this._list.page,
      applySearch: () => this._filters.apply()
    });
  }

  /** Show a record, or take in the next update of the one that is shown. */
  setRecord(record: RunRecord): void {
    if (!this.model.update(record, this._list.active)) {
      this._list.setActive(null, false);
      this._fetches.clear();
    }
    if (!this._isDrawn || !this.isAttached) {
      this._draw();
    } else if (!this._frame) {
      this._frame = requestAnimationFrame(() => this._draw());
    }
  }

  /** Show a sample beside the list; `reveal` scrolls the list to it. */
  choose(key: string, reveal: boolean): void {
    this._list.setActive(key, reveal);
    this._drawDetail();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    cancelAnimationFrame(this._frame);
    window.clearTimeout(this._search);
    this._keyboard.dispose();
    this._typesetter.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._list.restore();
    this._detail.restore();
  }

  private _draw(): void {
    this._frame = 0;
    this._isDrawn = true;
    const record = this.model.record!;
    setAttribute(this.node, 'aria-label', `Run ${record.name}`);
    this._header.update(record);
    this._table.update(record);
    this._drawBrowser();
  }

  private _drawBrowser(): void {
    const { model, _list: list } = this;
    const selection = model.select();
    this._browser.hidden = selection.total === 0;
    list.update(selection.entries, selection.values.benchmark.size > 1);
    if (model.entry(list.active) === undefined) {
      const running = selection.entries.find(({ stream }) => stream !== null);
      list.setActive((running ?? selection.entries[0])?.key ?? null, false);
    } else if (
      !selection.searching &&
      !selection.entries.some(({ key }) => key === list.active) &&
      selection.entries.length > 0 &&
      model.filter !== null &&
      this._filterChanged()
    ) {
      list.setActive(selection.entries[0].key, true);
    }
    const missing = [...model.clipped().values()].flat().length;
    this._filters.update(selection, model.subsets(), {
      missing: this._environment.locate ? missing : 0,
      status: this._deepStatus,
      busy: this._deepBusy
    });
    this._drawDetail();
    window.clearTimeout(this._search);
    if (selection.searching) {
      this._search = window.setTimeout(() => this._drawBrowser(), 0);
    }
  }

  /** Whether the reader has changed the filter since this was last asked: an update alone moves nobody. */
  private _filterChanged(): boolean {
    const { filter } = this.model;
    const signature = JSON.stringify(filter, (_, value) =>
      value instanceof Set ? [...value] : value
    );
    const changed = signature !== this._filterSignature;
    this._filterSignature = signature;
    return changed;
  }

  private _drawDetail(): void {
    const { model } = this;
    const key = this._list.active;
    const entry = model.entry(key);
    if (entry === undefined) {
      this._detail.show([], null, null);
      return;
    }
    const context: IContext = {
      typesetter: this._typesetter,
      matcher: model.matcher,
      trace: key => model.trace(key),
      stream: key => model.streams.get(key),
      note: entry => this._note(entry)
    };
    this._detail.show(model.repeats(entry.row.id), key, context);
    // What the authors ask not to publish is fetched when it is asked for, not before.
    if (!model.record!.withheld) {
      void this._fetch(entry);
    }
  }

  private _move(steps: number): void {
    const key = this._list.neighbour(steps);
    if (key !== null) {
      this.choose(key, true);
    }
  }

  /** Show the samples of one row of the table. */
  private _narrow(benchmark: string, subset: string): void {
    const { filter } = this.model;
    filter.subset.clear();
    filter.benchmark.clear();
    if (subset !== 'all') {
      filter.subset.add(placeOf({ benchmark, subset }));
    } else if (this.model.record!.benchmarks.length > 1) {
      filter.benchmark.add(benchmark);
    }
    this._drawBrowser();
  }

  // -- the run directory ------------------------------------------------------------------------------------------

  private _path(row: { file: string }): string | null {
    return row.file ? tracePath(this.model.record!.run_dir, row.file) : null;
  }

  private async _fetch(entry: IEntry): Promise<void> {
    const { key, row } = entry;
    const { locate } = this._environment;
    const path = this._path(row);
    const asked = `${key} ${row.outcome}`;
    if (
      entry.stream !== null ||
      !isClipped(row) ||
      this.model.trace(key) !== undefined ||
      locate === null ||
      path === null ||
      this._fetches.has(asked)
    ) {
      return;
    }
    this._fetches.set(asked, 'Reading the whole text from the run’s folder…');
    const run = this.model.record!.run_id;
    let problem = '';
    try {
      await readTraces(locate, path, new Set([key]), (key, trace) => {
        if (this.model.record!.run_id === run) {
          this.model.setTrace(key, trace);
        }
      });
      problem = this.model.trace(key)
        ? ''
        : 'the file does not hold this sample';
    } catch (error) {
      problem =
        error instanceof TraceError ? error.message : 'it cannot be read';
    }
    this._fetches.set(
      asked,
      problem && `The whole text is not at hand (${problem}): ${path}`
    );
    if (!this.isDisposed) {
      this._drawBrowser();
    }
  }

  private _note(entry: IEntry): string {
    const { key, row } = entry;
    if (entry.stream !== null || !isClipped(row) || this.model.trace(key)) {
      return '';
    }
    const said = this._fetches.get(`${key} ${row.outcome}`);
    if (said) {
      return said;
    }
    if (this.model.record!.withheld && row.reasoning === null) {
      return 'Withheld: the benchmark’s authors ask not to publish it. It is in the run’s folder.';
    }
    return `The whole text is in ${this._path(row) ?? 'the run’s folder'}.`;
  }

  /** Search the files that hold what the record has left out. */
  private async _searchTraces(): Promise<void> {
    const { locate } = this._environment;
    if (locate === null || this._deepBusy) {
      return;
    }
    this._deepBusy = true;
    this._deepStatus = 'Reading the run’s folder…';
    this._drawBrowser();
    const failed: string[] = [];
    const run = this.model.record!.run_id;
    for (const [file, entries] of this.model.clipped()) {
      const path = this._path({ file });
      const keys = new Set(entries.map(({ key }) => key));
      try {
        if (path === null) {
          throw new TraceError('outside the run’s folder');
        }
        await readTraces(locate, path, keys, (key, trace) => {
          if (this.model.record!.run_id === run) {
            this.model.setTrace(key, trace);
          }
        });
      } catch (error) {
        const why =
          error instanceof TraceError ? error.message : 'it cannot be read';
        failed.push(`${path ?? file} (${why})`);
      }
      if (this.isDisposed) {
        return;
      }
    }
    this._deepBusy = false;
    this._deepStatus = failed.length
      ? `${count(failed.length, 'file')} not searched: ${failed[0]}`
      : '';
    this._drawBrowser();
  }

  private async _copy(entry: IEntry): Promise<boolean> {
    const trace = this.model.trace(entry.key);
    const clip = (text: string): object => ({ text });
    const row = trace
      ? {
          ...entry.row,
          reasoning: clip(trace.reasoning),
          answer: clip(trace.answer)
        }
      : entry.row;
    try {
      await navigator.clipboard.writeText(JSON.stringify(row, null, 2));
      return true;
    } catch {
      return false;
    }
  }

  private async _link(anchor: HTMLAnchorElement, entry: IEntry): Promise<void> {
    const path = this._path(entry.row);
    if (anchor.dataset.path === (path ?? '')) {
      return;
    }
    anchor.dataset.path = path ?? '';
    anchor.hidden = true;
    if (path !== null && this._environment.link !== null) {
      try {
        await this._environment.link(anchor, path);
        anchor.hidden = false;
      } catch {
        // It stays hidden: there is nothing to open.
      }
    }
  }

  private _environment: IRunEnvironment;
  private _header = new HeaderView();
  private _table: TableView;
  private _filters: FiltersView;
  private _list: ListView;
  private _detail: DetailView;
  private _browser: HTMLElement;
  private _keyboard: KeyboardHandler;
  private _typesetter: LazyTypesetter;
  /** What is said of a fetch, by key and outcome; empty where it has brought the text. */
  private _fetches = new Map<string, string>();
  private _deepStatus = '';
  private _deepBusy = false;
  private _filterSignature = '';
  private _isDrawn = false;
  private _frame = 0;
  private _search = 0;
}
