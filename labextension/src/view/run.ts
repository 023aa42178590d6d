/** A run as a widget, wherever it is shown: in a notebook's output, in a tab of its own, in a panel. */
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { IEntry, subsetKey } from '../model/entry';
import { ITextSource, TraceFetcher } from '../model/fetcher';
import { RunModel } from '../model/model';
import { ISelection } from '../model/selection';
import { Locate } from '../model/traces';
import { RunRecord } from '../record/record';
import { measure } from '../timing';
import { IContext } from './attempt';
import { BoardFacts } from './board-facts';
import { copyText } from './clipboard';
import { DetailView } from './detail';
import { el, setAttribute } from './dom';
import { FiltersView } from './filters';
import { HeaderView } from './header';
import { KeyboardHandler } from './keyboard';
import { ListView } from './list';
import { ReachKeeper } from './reach';
import { Rule } from './ruling';
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
}

export class RunView extends Widget {
  readonly model = new RunModel();

  constructor(environment: IRunEnvironment) {
    super();
    this.addClass('qwq-RunView');
    this._environment = environment;
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
    this._list = new ListView(key => this.choose(key, true));
    this._filters = new FiltersView(
      this.model.selector.filter,
      () => {
        this._isSearcher = true;
        this._drawBrowser();
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
      copy: entry => this._copy(entry),
      link: (anchor, entry) => void this._link(anchor, entry)
    });
    this._browser = el(
      'section',
      { class: 'qwq-browser', 'aria-label': 'Samples' },
      this._filters.node,
      el('div', { class: 'qwq-panes' }, this._list.node, this._detail.node)
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
      search: this._filters.search,
      move: steps => this._move(steps),
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
    }
    measure('merge', started);
    if (!this._isDrawn || !this.isAttached) {
      this._draw();
    } else if (!this._frame) {
      this._frame = requestAnimationFrame(() => this._draw());
    }
  }

  /** Where the reader's rulings go; null: nowhere, and there are no buttons. */
  setRule(rule: Rule | null): void {
    if (rule !== this._rule) {
      this._rule = rule;
      if (this._isDrawn) {
        this._drawDetail();
      }
    }
  }

  /** Show a sample beside the list; `reveal` scrolls the list to it. */
  choose(key: string, reveal: boolean): void {
    this._list.setActive(key, reveal);
    this._drawDetail();
  }

  /** Fetch the whole texts of these samples; resolves when those are there that can be had. */
  async fetchTexts(entries: readonly IEntry[]): Promise<void> {
    await this._fetcher.fetchThese(entries);
  }

  /** Go to where the reasoning of the sample that is shown first states the right answer; its text may still come. */
  goToMention(tries = 10): void {
    if (!this._detail.goToMention() && tries > 0 && !this.isDisposed) {
      window.setTimeout(() => this.goToMention(tries - 1), 200);
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
    this._header.update(record);
    this._table.update(record);
    this._facts.update(record.board);
    this._drawBrowser();
    measure('draw', started);
  }

  private _drawBrowser(): void {
    const { model, _list: list } = this;
    const selection = model.selector.select();
    this._browser.hidden = selection.total === 0;
    list.update(selection.entries, selection.values.benchmark.size > 1, key =>
      model.selector.finder.excerpt(key)
    );
    if (model.entry(list.active) === undefined) {
      const running = selection.entries.find(({ stream }) => stream !== null);
      list.setActive((running ?? selection.entries[0])?.key ?? null, false);
    } else if (
      !selection.searching &&
      !selection.entries.some(({ key }) => key === list.active) &&
      selection.entries.length > 0 &&
      model.selector.filter !== null &&
      this._filterChanged()
    ) {
      list.setActive(selection.entries[0].key, true);
    }
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
    const key = this._list.neighbour(steps);
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
    return copyText(JSON.stringify(row, null, 2));
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
  private _header = new HeaderView();
  private _table: TableView;
  private _facts = new BoardFacts();
  private _filters: FiltersView;
  private _list: ListView;
  private _detail: DetailView;
  private _browser: HTMLElement;
  private _keyboard: KeyboardHandler;
  private _reach: ReachKeeper;
  private _typesetter: LazyTypesetter;
  private _rule: Rule | null = null;
  /** Whether the reader has set the filter, and not only found it set. */
  private _isSearcher = false;
  private _filterSignature = '';
  private _isDrawn = false;
  private _frame = 0;
  private _search = 0;
  private _settle = 0;
}
