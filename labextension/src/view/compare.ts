/** A comparison as a widget: what bars a conclusion, the conclusion, the numbers by level, and the pairs of answers. */
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { TraceFetcher } from '../model/fetcher';
import { RunModel } from '../model/model';
import { hasChip, IPair, PairChip, PairsModel } from '../model/pairs';
import { ICompare, ICompareRun } from '../record/compare';
import { count, number } from '../record/format';
import { oneLine } from '../text/clean';
import { IContext } from './attempt';
import { button, el, reconcile, setAttribute, setText } from './dom';
import { ForestTable } from './forest';
import { HeightGrip } from './grip';
import { KeyboardHandler } from './keyboard';
import { ISide, PairView } from './pair';
import { PairList } from './pair-list';
import { ReachKeeper } from './reach';
import type { IRunEnvironment } from './run';
import { Rule, RuleIn } from './ruling';
import { LazyTypesetter } from './typeset';

const WITHHELD =
  'The benchmark’s authors ask that its questions not be published: its texts are withheld in this output. They are in the runs’ folders.';
const DEMO =
  'The answers are those of the built-in endpoint: the numbers say nothing about any model.';

export class CompareView extends Widget {
  readonly model = new PairsModel();

  constructor(environment: IRunEnvironment) {
    super();
    // It shares the colours and parts of a run's view.
    this.addClass('qwq-RunView');
    this.addClass('qwq-CompareView');
    this._environment = environment;
    this._typesetter = new LazyTypesetter(environment.typeset, null);
    this._table = new ForestTable(row => {
      const { row: before, b } = this.model;
      const isSame =
        before?.benchmark === row.benchmark &&
        before.subset === row.subset &&
        (b === '' || b === row.b);
      this.model.row = isSame
        ? null
        : { benchmark: row.benchmark, subset: row.subset };
      this.model.b = isSame || this.model.runs.size <= 2 ? '' : row.b;
      this._drawPairs();
    });
    this._list = new PairList(
      this.model,
      key => this._choose(key, false),
      (key, side, correct) => {
        this._choose(key, false);
        this._pair.choose(side);
        this._pair.rule(correct);
      }
    );
    this._pair = new PairView(this._typesetter);
    this._search.addEventListener('input', () => {
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => this._find(), 150);
    });
    const panes = el(
      'div',
      { class: 'qwq-panes' },
      this._list.node,
      this._pair.node
    );
    this._browser = el(
      'section',
      { class: 'qwq-browser', 'aria-label': 'Pairs of answers' },
      el(
        'div',
        { class: 'qwq-filters' },
        el(
          'div',
          { class: 'qwq-tools' },
          this._chips,
          this._all,
          this._search,
          this._status
        )
      ),
      panes,
      new HeightGrip(panes, environment.memory, 'height of a comparison').node
    );
    this.node.append(
      this._warnings,
      this._conclusions,
      this._table.node,
      this._browser,
      this._about
    );
    setAttribute(this.node, 'role', 'group');
    this._reach = new ReachKeeper(this.node);
    this._keyboard = new KeyboardHandler(this.node, {
      list: this._list.node,
      detail: this._pair.node,
      focusDetail: () => this._pair.node.focus({ preventScroll: true }),
      search: this._search,
      move: steps => {
        const key = this._list.neighbour(steps);
        if (key !== null) {
          this._choose(key, true);
        }
      },
      page: () => this._list.page,
      applySearch: () => this._find(),
      hit: steps => this._pair.goToHit(steps),
      rule: correct => this._pair.rule(correct),
      undo: () => this._pair.undo(),
      statement: steps => this._pair.goToStatement(steps),
      focusNote: () => this._pair.focusNote(),
      side: side => this._pair.choose(side)
    });
  }

  /** Show a comparison, or take in what a ruling has changed in the one that is shown. */
  draw(compare: ICompare): void {
    this._compare = compare;
    this.model.setCompare(compare);
    for (const [letter, { model }] of this.model.runs) {
      const changed = (): void => {
        if (!this.isDisposed) {
          this._drawPairs();
        }
      };
      const fetcher =
        this._fetchers.get(letter) ??
        new TraceFetcher(model, this._environment.locate, changed);
      this._fetchers.set(letter, fetcher);
    }
    this._draw();
  }

  /** Where rulings go; null: nowhere, and there are no buttons. */
  setRule(rule: RuleIn | null): void {
    if (rule === this._rule) {
      return;
    }
    this._rule = rule;
    this._rules.clear();
    this._list.setRules(rule !== null);
    if (this._compare !== null) {
      this._drawPair();
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.clearTimeout(this._timer);
    window.clearTimeout(this._settle);
    this._keyboard.dispose();
    this._reach.dispose();
    this._typesetter.dispose();
    this._table.dispose();
    this._pair.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._reach.update();
  }

  private _draw(): void {
    const compare = this._compare!;
    const names = compare.runs.map(({ title }) => title).join(', ');
    setAttribute(this.node, 'aria-label', `Comparison of ${names}`);
    this._warnings.replaceChildren(
      ...(compare.demo ? [warning('DEMO', DEMO)] : []),
      ...compare.warnings
        .filter(said => !(compare.demo && said.startsWith('These are demos')))
        .map(said => warning('⚠', said)),
      ...(compare.withheld ? [warning('⚠', WITHHELD)] : [])
    );
    this._conclusions.replaceChildren(...compare.conclusions.map(conclusionOf));
    this._table.update(compare);
    this._about.replaceChildren(
      ...this._runs(compare),
      ...(compare.notes.length
        ? [
            el(
              'ul',
              { class: 'qwq-notes' },
              ...compare.notes.map(note => el('li', {}, note))
            )
          ]
        : []),
      el(
        'details',
        { class: 'qwq-compare-reading' },
        el('summary', {}, 'How to read the table'),
        el('p', {}, compare.reading)
      )
    );
    this._drawPairs();
  }

  private _runs({ runs }: ICompare): HTMLElement[] {
    const line = (run: ICompareRun): HTMLElement =>
      el(
        'li',
        {},
        `${oneLine(run.title, 120)}: `,
        ...(run.model === run.title ? [] : [`${oneLine(run.model, 120)}, `]),
        el('code', {}, oneLine(run.name, 200)),
        run.note ? ` (${oneLine(run.note, 300)})` : ''
      );
    return [el('ul', { class: 'qwq-compare-runs' }, ...runs.map(line))];
  }

  private _drawPairs(): void {
    const compare = this._compare!;
    const within = this.model.within();
    const shown = this.model.shown(within);
    this._browser.hidden = compare.pairs.length === 0;
    this._table.mark(this.model.row, this.model.b);
    this._drawChips(within);
    this._list.update(shown);
    if (!shown.some(({ key }) => key === this._list.active)) {
      this._list.setActive(shown[0]?.key ?? null, true);
    }
    const said = [...this._fetchers.values()].find(({ status }) => status);
    const left = compare.left
      ? `, ${number(compare.left)} more are in the runs`
      : '';
    setText(
      this._status,
      said && this.model.query
        ? said.status
        : `${number(shown.length)} of ${count(this.model.all().length, 'pair')}${left}`
    );
    this._drawPair();
  }

  private _drawChips(within: IPair[]): void {
    const { runs } = this._compare!;
    const first = oneLine(runs[0]?.title ?? '', 40);
    const other = runs.length === 2 ? oneLine(runs[1].title, 40) : 'the other';
    const words: [PairChip, string][] = [
      ['lost', `✓ ${first}  ✗ ${other}`],
      ['gained', `✗ ${first}  ✓ ${other}`],
      ['neither', '✗ neither right'],
      ['check', '⚑ check by hand']
    ];
    reconcile(
      this._chips,
      words.filter(
        ([chip]) =>
          this.model.chips.has(chip) ||
          this.model.all().some(pair => hasChip(pair, chip))
      ),
      ([chip]) => chip,
      ([chip]) =>
        button('', { class: 'qwq-chip' }, () => {
          if (!this.model.chips.delete(chip)) {
            this.model.chips.add(chip);
          }
          this._drawPairs();
        }),
      (node, [chip, word]) => {
        const n = within.filter(pair => hasChip(pair, chip)).length;
        setText(node, `${word}  ${number(n)}`);
        setAttribute(node, 'aria-pressed', String(this.model.chips.has(chip)));
        setAttribute(node, 'aria-label', `${spoken(chip, first, other)}: ${n}`);
      }
    );
    const { row, chips, query } = this.model;
    this._all.hidden = row === null && chips.size === 0 && query === '';
    setText(
      this._all,
      row === null
        ? 'Clear filters'
        : `Clear filters (${oneLine(row.subset, 40)})`
    );
  }

  private _drawPair(): void {
    const pair = this.model.all().find(({ key }) => key === this._list.active);
    if (!pair) {
      this._pair.show(null, null);
      return;
    }
    const [a] = this.model.runs.keys();
    this._pair.show(pair, [this._side(a), this._side(pair.b)]);
    this._reach.update();
    window.clearTimeout(this._settle);
    // What the authors ask not to publish is fetched when it is asked for, not before.
    if (!this._compare!.withheld) {
      this._settle = window.setTimeout(() => {
        void this._fetchers.get(a)!.fetch(pair.first);
        void this._fetchers.get(pair.b)!.fetch(pair.second);
      }, 150);
    }
  }

  private _side(letter: string): ISide {
    const { run, model } = this.model.runs.get(letter)!;
    const fetcher = this._fetchers.get(letter)!;
    const context: IContext = {
      typesetter: this._typesetter,
      matcher: this.model.matcher,
      trace: key => model.trace(key),
      stream: () => undefined,
      note: entry => fetcher.note(entry),
      rule: this._ruleOf(letter, model)
    };
    return { title: run.title, context };
  }

  /** The same function each time: a new one would be another state of the buttons. */
  private _ruleOf(letter: string, model: RunModel): Rule | null {
    const rule = this._rule;
    if (rule === null) {
      return null;
    }
    let own = this._rules.get(letter);
    if (own === undefined) {
      own = async ruling => {
        const changed = await rule(model.record!, ruling);
        // Of the kernel's answer the row alone: the record here holds other samples than the run.
        model.update({
          ...model.record!,
          partial: true,
          samples: changed.samples
        });
        this._drawPairs();
      };
      this._rules.set(letter, own);
    }
    return own;
  }

  private _choose(key: string, reveal: boolean): void {
    this._list.setActive(key, reveal);
    this._drawPair();
  }

  private _find(): void {
    window.clearTimeout(this._timer);
    this.model.query = this._search.value.trim();
    if (this.model.query && !this._compare!.withheld) {
      for (const fetcher of this._fetchers.values()) {
        void fetcher.fetchAll();
      }
    }
    this._drawPairs();
  }

  private _clear(): void {
    this.model.row = null;
    this.model.b = '';
    this.model.chips.clear();
    this._search.value = '';
    this._find();
  }

  private _environment: IRunEnvironment;
  private _compare: ICompare | null = null;
  private _fetchers = new Map<string, TraceFetcher>();
  private _rule: RuleIn | null = null;
  private _rules = new Map<string, Rule>();
  private _timer = 0;
  private _settle = 0;
  private _typesetter: LazyTypesetter;
  private _keyboard: KeyboardHandler;
  private _reach: ReachKeeper;
  private _table: ForestTable;
  private _list: PairList;
  private _pair: PairView;
  private _browser: HTMLElement;
  private _warnings = el('div', { class: 'qwq-compare-warnings' });
  private _conclusions = el('div', { class: 'qwq-conclusions' });
  private _about = el('div', { class: 'qwq-compare-about' });
  private _chips = el('span', {
    class: 'qwq-chips',
    role: 'group',
    'aria-label': 'Which pairs'
  });
  private _all = button('Clear filters', { class: 'qwq-link' }, () =>
    this._clear()
  );
  private _search = el('input', {
    type: 'search',
    class: 'qwq-search',
    placeholder: 'Search both sides',
    'aria-label': 'Search both sides'
  });
  private _status = el('span', { class: 'qwq-status', role: 'status' });
}

function warning(mark: string, said: string): HTMLElement {
  return el(
    'p',
    { class: 'qwq-compare-warning' },
    el('span', { class: 'qwq-compare-mark' }, mark),
    ` ${said}`
  );
}

function conclusionOf({
  on,
  kind,
  headline,
  detail
}: ICompare['conclusions'][number]): HTMLElement {
  return el(
    'div',
    { class: 'qwq-conclusion', 'data-kind': kind },
    el('p', { class: 'qwq-conclusion-on' }, on),
    el('p', { class: 'qwq-headline' }, el('strong', {}, headline)),
    el('p', { class: 'qwq-conclusion-detail' }, detail)
  );
}

function spoken(chip: PairChip, first: string, other: string): string {
  return {
    lost: `${first} right, ${other} not`,
    gained: `${other} right, ${first} not`,
    neither: 'neither right',
    check: 'to check by hand'
  }[chip];
}
