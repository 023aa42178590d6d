/** A run as a widget, wherever it is shown: in a notebook's output, in a tab of its own, in a panel. */
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { IAnnotation } from '../model/annotations';
import { IEntry, subsetKey } from '../model/entry';
import { ITextSource, TraceFetcher } from '../model/fetcher';
import { IMemory, restore, written } from '../model/memory';
import { RunModel } from '../model/model';
import { ISelection } from '../model/selection';
import { Locate } from '../model/traces';
import { MANIFEST } from '../record/manifest';
import { ISampleName } from '../model/permalink';
import { keyOf, RunRecord } from '../record/record';
import { measure } from '../timing';
import { IContext } from './attempt';
import { BoardFacts } from './board-facts';
import { ICell, Steer } from './controls';
import { copyEntry } from './copying';
import { DetailView } from './detail';
import { el, setAttribute } from './dom';
import { FiltersView } from './filters';
import { HeightGrip } from './grip';
import { HeaderView, IStanding } from './header';
import { KeyboardHandler } from './keyboard';
import { ListView } from './list';
import { ReachKeeper } from './reach';
import { Rule } from './ruling';
import { StreamsView } from './streams';
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
  /** Whole texts that lie elsewhere than in the run's folder. */
  source?: ITextSource | null;
  /** Shows a sample of the run whose manifest that is in a tab of its own. */
  openTab: ((path: string, sample: ISampleName) => Promise<void>) | null;
  /** Keeps for this reader how runs are looked at. */
  memory: IMemory | null;
  /** The notebook's cell, in which lines can be run. */
  cell?: ICell | null;
}

export class RunView extends Widget {
  readonly model = new RunModel();

  constructor(environment: IRunEnvironment) {
    super();
    this.addClass('qwq-RunView');
    this._environment = environment;
    this._header = new HeaderView(environment.cell ?? null);
    this._fetcher = new TraceFetcher(
      this.model,
      environment.locate,
      () => {
        if (!this.isDisposed) {
          this._drawBrowser();
        }
      },
      environment.source ?? null
    );
    this.model.selector.finder.changed = () => this._searchOn();
    this._list = new ListView(key => this.choose(key, true), {
      rule: (key, correct) => {
        this.choose(key, false);
        this._detail.rule(correct);
      }
    });
    this._streams = new StreamsView(key => this.choose(key, false));
    this._filters = new FiltersView(
      this.model.selector.filter,
      () => {
        this._isSearcher = true;
        this._drawBrowser();
        this._remember();
      },
      () => void this._fetcher.fetchAll()
    );
    this._table = new TableView((benchmark, subset) =>
      this._narrow(benchmark, subset)
    );
    this._typesetter = new LazyTypesetter(environment.typeset, null);
    this._detail = new DetailView(this._typesetter, {
      choose: key => this.choose(key, false),
      fetch: entry => void this._fetcher.fetch(entry),
      copy: (entry, form) => copyEntry(this.model, this._fetcher, entry, form),
      openTab: environment.openTab && (entry => void this._openTab(entry)),
      link: (anchor, entry) => void this._link(anchor, entry)
    });
    const panes = el(
      'div',
      { class: 'qwq-panes' },
      this._list.node,
      this._detail.node
    );
    this._browser = el(
      'section',
      { class: 'qwq-browser', 'aria-label': 'Samples' },
      this._streams.node,
      this._filters.node,
      panes,
      new HeightGrip(panes, environment.memory, 'height').node
    );
    this.node.append(
      this._header.node,
      this._table.node,
      this._facts.node,
      this._browser
    );
    setAttribute(this.node, 'role', 'group');
    this._reach = new ReachKeeper(this.node);
    this._keyboard = new KeyboardHandler(this.node, {
      list: this._list.node,
      detail: this._detail.node,
      focusDetail: () => this._detail.focus(),
      search: this._filters.search,
      move: steps => this._move(steps),
      moveAmongRepeats: steps => this._moveTo(this._list.sibling(steps)),
      page: () => this._list.page,
      applySearch: () => this._filters.apply(),
      hit: steps => this._detail.goToHit(steps),
      rule: correct => this._detail.rule(correct),
      undo: () => this._detail.undo(),
      statement: steps => this._detail.goToStatement(steps),
      focusNote: () => this._detail.focusNote()
    });
  }

  /** Show a record, or take in the next update of the one that is shown. */
  setRecord(record: RunRecord): void {
    const started = performance.now();
    if (!this.model.update(record, this._list.active)) {
      this._list.setActive(null, false);
      this._fetcher.reset();
      this._recall(record);
    }
    measure('merge', started);
    if (!this._isDrawn || !this.isAttached) {
      this._draw();
    } else if (!this._frame) {
      this._frame = requestAnimationFrame(() => this._draw());
    }
  }

  /** What is said in the place of the record's own state; null: nothing. */
  setStanding(standing: IStanding | null): void {
    if (JSON.stringify(standing) !== JSON.stringify(this._standing)) {
      this._standing = standing;
      if (this._isDrawn) {
        this._header.update(this.model.record!, standing);
      }
    }
  }

  /** Where Stop and Pause go; null: nowhere, and there are no buttons. */
  setSteer(steer: Steer | null): void {
    this._header.controls.setSteer(steer);
  }

  /** Where the reader's rulings go; null: nowhere, and there are no buttons. */
  setRule(rule: Rule | null): void {
    if (rule !== this._rule) {
      this._rule = rule;
      this._list.setRules(rule !== null);
      if (this._isDrawn) {
        this._drawDetail();
      }
    }
  }

  /** Show a sample beside the list; `reveal` scrolls the list to it. */
  choose(key: string, reveal: boolean): void {
    this._list.setActive(key, reveal);
    this._isWatching = (this.model.entry(key)?.stream ?? null) !== null;
    this._streams.mark(key);
    this._drawDetail();
    this._remember();
  }

  /** Show a sample wherever it stands: no filter hides it. False where the run has none of that name. */
  goToSample(sample: ISampleName): boolean {
    const key = keyOf(sample);
    if (this.model.entry(key) === undefined) {
      return false;
    }
    if (!this._list.entries.some(entry => entry.key === key)) {
      this._filters.clear();
    }
    this.choose(key, true);
    return true;
  }

  /** Fetch the whole texts of these samples; resolves when those are there that can be had. */
  async fetchTexts(entries: readonly IEntry[]): Promise<void> {
    await this._fetcher.fetchThese(entries);
  }

  /** Go to the first mark of a kind in the reasoning of the sample that is shown; its text may still come. */
  goToMark(kind: IAnnotation['kind'], tries = 25): void {
    if (!this._detail.goToMark(kind) && tries > 0 && !this.isDisposed) {
      window.setTimeout(() => this.goToMark(kind, tries - 1), 200);
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    cancelAnimationFrame(this._frame);
    window.clearTimeout(this._search);
    window.clearTimeout(this._settle);
    this._keyboard.dispose();
    this._fetcher.stop();
    this._reach.dispose();
    this._typesetter.dispose();
    this._table.dispose();
    this._detail.dispose();
    this.model.selector.finder.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    const started = performance.now();
    if (this._isDrawn) {
      // In its notebook now, whose cell has a say in the line that resumes the run.
      this._header.update(this.model.record!, this._standing);
    }
    this._list.restore();
    this._detail.restore();
    measure('attach', started);
  }

  private _draw(): void {
    this._frame = 0;
    this._isDrawn = true;
    const started = performance.now();
    const record = this.model.record!;
    setAttribute(this.node, 'aria-label', `Run ${record.name}`);
    this._header.update(record, this._standing);
    this._table.update(record);
    this._facts.update(record.board);
    this._drawBrowser();
    measure('draw', started);
  }

  /** Look at a run as this reader did last, or at the sample that it is shown for. */
  private _recall(record: RunRecord): void {
    const { filter } = this.model.selector;
    const stored = this._environment.memory?.read(`run ${record.run_id}`);
    const key = restore(stored, filter);
    this._filters.show();
    this._isSearcher = false;
    if (record.chosen !== null) {
      restore(null, filter);
      this._filters.show();
      this._revealed = keyOf(record.chosen);
      // It is read before the table.
      this.node.insertBefore(this._browser, this._table.node);
    } else if (key) {
      this._revealed = key;
    }
  }

  private _remember(): void {
    const { record, selector } = this.model;
    this._environment.memory?.write(
      `run ${record!.run_id}`,
      written({ sample: this._list.active ?? '', filter: selector.filter })
    );
  }

  private _drawBrowser(): void {
    const { model, _list: list } = this;
    const selection = model.selector.select();
    this._browser.hidden = selection.total + selection.streams.length === 0;
    list.whenEmpty = selection.total
      ? 'No sample fits.'
      : 'Nothing is finished yet.';
    list.update(
      selection.entries,
      selection.values.benchmark.size > 1,
      key => model.selector.finder.excerpt(key),
      selection.problems
    );
    if (this._revealed && model.entry(this._revealed) !== undefined) {
      list.setActive(this._revealed, true);
      this._revealed = '';
    }
    const shown = model.entry(list.active);
    if (shown === undefined) {
      const [running] = selection.streams;
      list.setActive(running?.key ?? list.neighbour(0), false);
    } else if (shown.stream !== null) {
      // It stands in the strip above, whatever the filter.
    } else if (this._isWatching) {
      // Its verdict is there: its line comes into sight.
      list.setActive(shown.key, true);
    } else if (
      !selection.searching &&
      !selection.entries.some(({ key }) => key === list.active) &&
      selection.entries.length > 0 &&
      model.selector.filter !== null &&
      this._filterChanged()
    ) {
      list.setActive(list.neighbour(-Infinity), true);
    }
    const active = model.entry(list.active);
    this._isWatching = active !== undefined && active.stream !== null;
    this._streams.update(selection.streams, model.record!, list.active);
    this._searchFolder(selection);
    const { status, busy, unsearched } = this._fetcher;
    this._filters.update(selection, model.subsets(), {
      missing: [...unsearched.values()].flat().length,
      status,
      busy
    });
    this._drawDetail();
    window.clearTimeout(this._search);
    if (selection.searching && model.selector.finder.isHere) {
      this._searchOn();
    }
  }

  /**
   * Let a search read the texts that the record has left out: those of a run that is over, once the reader has looked
   * for something. What the authors ask not to publish, and what is still being written, is read when it is asked for.
   */
  private _searchFolder({ problem }: ISelection): void {
    const { filter } = this.model.selector;
    const { withheld, in_flight: streams } = this.model.record!;
    if (filter.query === '') {
      this._fetcher.stop();
    } else if (
      this._isSearcher &&
      problem === '' &&
      filter.scope !== 'id' &&
      filter.scope !== 'question' &&
      !withheld &&
      streams.length === 0
    ) {
      queueMicrotask(() => void this._fetcher.fetchAll());
    }
  }

  private _searchOn(): void {
    window.clearTimeout(this._search);
    this._search = window.setTimeout(() => this._drawBrowser(), 0);
  }

  /** Whether the reader has changed the filter since this was last asked: an update alone moves nobody. */
  private _filterChanged(): boolean {
    const { filter } = this.model.selector;
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
      matcher: model.selector.matcher,
      trace: key => model.trace(key),
      stream: key => model.streams.get(key),
      note: entry => this._fetcher.note(entry),
      rule: this._rule
    };
    this._detail.show(model.repeats(entry.row.id), key, context);
    this._reach.update();
    // What the authors ask not to publish is fetched when it is asked for, not before.
    window.clearTimeout(this._settle);
    if (!model.record!.withheld || this._environment.source) {
      this._settle = window.setTimeout(
        () => void this._fetcher.fetch(entry),
        150
      );
    }
  }

  private _move(steps: number): void {
    this._moveTo(this._list.neighbour(steps));
  }

  private _moveTo(key: string | null): void {
    if (key !== null) {
      this.choose(key, true);
    }
  }

  /** Show the samples of one row of the table. */
  private _narrow(benchmark: string, subset: string): void {
    const { filter } = this.model.selector;
    filter.subset.clear();
    filter.benchmark.clear();
    if (subset !== 'all') {
      filter.subset.add(subsetKey({ benchmark, subset }));
    } else if (this.model.record!.benchmarks.length > 1) {
      filter.benchmark.add(benchmark);
    }
    this._drawBrowser();
  }

  private async _openTab({ row }: IEntry): Promise<void> {
    const path = this._fetcher.pathOf({ file: MANIFEST });
    if (path !== null) {
      const { id, repeat } = row;
      this._remember();
      await this._environment.openTab?.(path, { id, repeat });
    }
  }

  private async _link(anchor: HTMLAnchorElement, entry: IEntry): Promise<void> {
    const path = this._fetcher.pathOf(entry.row);
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
  private _fetcher: TraceFetcher;
  private _header: HeaderView;
  private _standing: IStanding | null = null;
  private _table: TableView;
  private _facts = new BoardFacts();
  private _filters: FiltersView;
  private _list: ListView;
  private _streams: StreamsView;
  /** Whether the sample that is shown is still being answered or graded. */
  private _isWatching = false;
  private _detail: DetailView;
  private _browser: HTMLElement;
  private _keyboard: KeyboardHandler;
  private _reach: ReachKeeper;
  private _typesetter: LazyTypesetter;
  private _rule: Rule | null = null;
  /** Whether the reader has set the filter, and not only found it set. */
  private _isSearcher = false;
  /** The sample to show as soon as it is there, by key. */
  private _revealed = '';
  private _filterSignature = '';
  private _isDrawn = false;
  private _frame = 0;
  private _search = 0;
  private _settle = 0;
}
