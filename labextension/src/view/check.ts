/** The verdicts to check by hand: a list, and beside it the place in question, the answer, and buttons to rule on it. */
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { IEntry } from '../model/entry';
import { TraceFetcher } from '../model/fetcher';
import { RunModel } from '../model/model';
import { ICheck, ICheckEntry, IExcerptOf } from '../record/check';
import { count, number } from '../record/format';
import { SampleView } from '../record/record';
import { DEMO_NOTICE } from '../record/vocabulary';
import { oneLine, visible } from '../text/clean';
import { codeIn } from '../text/markdown';
import { blocksOf } from '../text/prose';
import { readable } from '../text/readable';
import { copyEntry } from './copying';
import { DetailView } from './detail';
import { button, el, reconcile, setAttribute, setText } from './dom';
import { KeyboardHandler } from './keyboard';
import { ListView } from './list';
import { renderBlock } from './prose';
import { ReachKeeper } from './reach';
import type { IRunEnvironment } from './run';
import { Rule, RuleIn } from './ruling';
import { LazyTypesetter } from './typeset';

const WITHHELD =
  'The benchmark’s authors ask that its questions not be published: its texts are withheld in this output. They are in the run’s folder.';

/** The chip of the answers that nobody has ruled on; the others are reasons. */
const OPEN = 'without a ruling';

export class CheckView extends Widget {
  readonly model = new RunModel();

  constructor(environment: IRunEnvironment) {
    super();
    // It shares the colours and parts of a run's view.
    this.addClass('qwq-RunView');
    this.addClass('qwq-CheckView');
    this.model.selector.filter.sort = 'order';
    this._fetcher = new TraceFetcher(this.model, environment.locate, () => {
      if (!this.isDisposed) {
        this._drawList();
      }
    });
    this._typesetter = new LazyTypesetter(environment.typeset, null);
    this._list = new ListView(key => this._choose(key, false), {
      said: ({ row }) => saidOf(row),
      rule: (key, correct) => {
        this._choose(key, false);
        this._detail.rule(correct);
      }
    });
    this._detail = new DetailView(this._typesetter, {
      choose: key => this._choose(key, true),
      fetch: entry => void this._fetcher.fetch(entry),
      copy: (entry, form) => copyEntry(this.model, this._fetcher, entry, form),
      openTab: null,
      link: anchor => (anchor.hidden = true)
    });
    this._browser = el(
      'section',
      { class: 'qwq-browser', 'aria-label': 'Verdicts to check' },
      el(
        'div',
        { class: 'qwq-filters' },
        el('div', { class: 'qwq-tools' }, this._chips, this._keys)
      ),
      el(
        'div',
        { class: 'qwq-panes' },
        this._list.node,
        el(
          'div',
          { class: 'qwq-check-pane' },
          this._excerpts,
          this._detail.node
        )
      )
    );
    this.node.append(this._title, this._notes, this._browser);
    setAttribute(this.node, 'role', 'group');
    this._reach = new ReachKeeper(this.node);
    this._keyboard = new KeyboardHandler(this.node, {
      list: this._list.node,
      detail: this._detail.node,
      focusDetail: () => this._detail.focus(),
      search: null,
      move: steps => {
        const key = this._list.neighbour(steps);
        if (key !== null) {
          this._choose(key, true);
        }
      },
      page: () => this._list.page,
      applySearch: () => undefined,
      hit: () => false,
      statement: steps => this._detail.goToStatement(steps),
      rule: correct => this._detail.rule(correct),
      undo: () => this._detail.undo(),
      focusNote: () => this._detail.focusNote()
    });
  }

  /** Show a list, or take in what a ruling has changed in the one that is shown. */
  draw(check: ICheck): void {
    this._check = check;
    if (!this.model.update(check.record)) {
      this._list.setActive(null, false);
      this._fetcher.reset();
    }
    this._drawList();
  }

  /** Where rulings go; null: nowhere, and there are no buttons. */
  setRule(rule: RuleIn | null): void {
    if (rule !== this._ruleIn) {
      this._ruleIn = rule;
      this._rule = rule && (ruling => this._send(rule, ruling));
      this._list.setRules(rule !== null);
      if (this._check !== null) {
        this._drawList();
      }
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    window.clearTimeout(this._settle);
    cancelAnimationFrame(this._frame);
    this._keyboard.dispose();
    this._fetcher.stop();
    this._reach.dispose();
    this._typesetter.dispose();
    this._detail.dispose();
    this.model.selector.finder.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._list.restore();
    this._detail.restore();
    this._reach.update();
    this._showPlace();
  }

  private async _send(
    rule: RuleIn,
    ruling: Parameters<Rule>[0]
  ): Promise<void> {
    const changed = await rule(this.model.record!, ruling);
    if (this.isDisposed) {
      return;
    }
    // Of the kernel's answer the row alone: the record here holds other samples than the run.
    this.model.update({
      ...this.model.record!,
      partial: true,
      samples: changed.samples
    });
    this._drawList();
  }

  private _drawList(): void {
    const check = this._check!;
    const { record } = check;
    const all = this.model.selector
      .select()
      .entries.filter(({ key }) => check.entries.has(key));
    const open = all.filter(({ row }) => row.ruling === null).length;
    const total = all.length + check.left;
    setAttribute(
      this.node,
      'aria-label',
      `Verdicts to check of ${record.name}`
    );
    this._title.replaceChildren(
      el('strong', {}, oneLine(record.name, 200)),
      total
        ? `: ${count(total, 'verdict')} of ${number(check.total)} to check by hand, ${number(open + check.left)} without a ruling`
        : `: nothing to check by hand among ${count(check.total, 'answer')}`
    );
    this._notes.replaceChildren(
      ...(record.demo
        ? [
            el(
              'p',
              { class: 'qwq-demo', role: 'note' },
              el('strong', {}, '⚠ DEMO'),
              ` ${DEMO_NOTICE}`
            )
          ]
        : []),
      ...(record.withheld ? [el('p', { class: 'qwq-note' }, WITHHELD)] : []),
      ...(check.left
        ? [
            el(
              'p',
              { class: 'qwq-note' },
              `${number(check.left)} more have no room in this output: .table() has them.`
            )
          ]
        : [])
    );
    this._browser.hidden = all.length === 0;
    const shown = all.filter(entry => this._fits(entry));
    this._drawChips(all);
    const several = new Set(all.map(({ row }) => row.benchmark)).size > 1;
    this._list.update(shown, several, () => null);
    const { active } = this._list;
    if (this.model.entry(active) === undefined) {
      this._list.setActive(shown[0]?.key ?? null, true);
    }
    this._drawDetail();
  }

  private _fits({ key, row }: IEntry): boolean {
    const reasons = this._check!.entries.get(key)?.reasons ?? [];
    return [...this._chosen].every(chip =>
      chip === OPEN ? row.ruling === null : reasons.includes(chip)
    );
  }

  private _drawChips(all: IEntry[]): void {
    const counts = new Map<string, number>([[OPEN, 0]]);
    for (const { key, row } of all) {
      const own = this._check!.entries.get(key)?.reasons ?? [];
      for (const chip of [...(row.ruling ? [] : [OPEN]), ...own]) {
        counts.set(chip, (counts.get(chip) ?? 0) + 1);
      }
    }
    reconcile(
      this._chips,
      [...counts],
      ([chip]) => chip,
      ([chip]) =>
        button('', { class: 'qwq-chip' }, () => {
          if (!this._chosen.delete(chip)) {
            this._chosen.add(chip);
          }
          // The one that is shown stays, unless it is not among them and another is.
          this._drawList();
          const first = this._list.entries[0];
          const { active } = this._list;
          if (first && !this._list.entries.some(({ key }) => key === active)) {
            this._choose(first.key, true);
          }
        }),
      (node, [chip, n]) => {
        setText(node, `${chip} ${number(n)}`);
        setAttribute(node, 'aria-pressed', String(this._chosen.has(chip)));
      }
    );
    this._keys.hidden = this._rule === null;
  }

  private _choose(key: string, reveal: boolean): void {
    this._list.setActive(key, reveal);
    this._drawDetail();
  }

  private _drawDetail(): void {
    const entry = this.model.entry(this._list.active);
    if (entry === undefined) {
      this._excerpts.hidden = true;
      this._detail.show([], null, null);
      return;
    }
    this._drawExcerpts(this._check!.entries.get(entry.key));
    this._detail.show([entry], entry.key, {
      typesetter: this._typesetter,
      matcher: null,
      trace: key => this.model.trace(key),
      stream: () => undefined,
      note: each => this._fetcher.note(each),
      rule: this._rule
    });
    this._reach.update();
    window.clearTimeout(this._settle);
    // What the authors ask not to publish is fetched when it is asked for, not before.
    if (!this.model.record!.withheld) {
      this._settle = window.setTimeout(
        () => void this._fetcher.fetch(entry),
        150
      );
    }
  }

  private _drawExcerpts(found: ICheckEntry | undefined): void {
    if (found === this._drawn) {
      return;
    }
    this._drawn = found;
    this._excerpts.hidden = !found?.excerpts.length;
    this._excerpts.replaceChildren(
      ...(found?.reasons.length
        ? [
            el(
              'p',
              { class: 'qwq-check-why' },
              `⚑ ${found.reasons.join(' · ')}`
            )
          ]
        : []),
      ...(found?.excerpts ?? []).map(excerptOf)
    );
    this._typesetter.watch(this._excerpts);
    this._showPlace();
  }

  /** Scroll to what the first excerpt is about: the place that is marked, or the text's end. Once it is laid out. */
  private _showPlace(): void {
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() => this._scrollToPlace());
  }

  private _scrollToPlace(): void {
    const box = this._excerpts;
    const place =
      box.querySelector('mark') ??
      box.querySelector('figure')?.lastElementChild;
    if (!place || !box.isConnected) {
      return;
    }
    const { top, height } = box.getBoundingClientRect();
    const { bottom } = place.getBoundingClientRect();
    box.scrollTop += Math.max(0, bottom - top - 0.7 * height);
  }

  private _check: ICheck | null = null;
  private _fetcher: TraceFetcher;
  private _typesetter: LazyTypesetter;
  private _list: ListView;
  private _detail: DetailView;
  private _browser: HTMLElement;
  private _keyboard: KeyboardHandler;
  private _reach: ReachKeeper;
  private _ruleIn: RuleIn | null = null;
  private _rule: Rule | null = null;
  private _chosen = new Set<string>();
  private _drawn: ICheckEntry | undefined = undefined;
  private _settle = 0;
  private _frame = 0;
  private _title = el('p', { class: 'qwq-check-title' });
  private _notes = el('div', {});
  private _chips = el('span', {
    class: 'qwq-chips',
    role: 'group',
    'aria-label': 'Which verdicts'
  });
  private _keys = el(
    'span',
    { class: 'qwq-status', hidden: true },
    'y right · n not right · m note · u undo · j next'
  );
  private _excerpts = el('div', {
    class: 'qwq-check-excerpts',
    tabindex: 0,
    role: 'region',
    'aria-label': 'The place in question'
  });
}

/** `1/3 ≠ ⅓ · second opinion ⅓`. */
function saidOf({
  extracted,
  gold,
  second_extracted: other
}: SampleView): string {
  const value = (text: string): string => oneLine(readable(text), 60);
  return [
    `${value(extracted) || 'nothing extracted'}, gold ${value(gold) || '–'}`,
    ...(other ? [`second opinion ${value(other)}`] : [])
  ].join(' · ');
}

function excerptOf(excerpt: IExcerptOf): HTMLElement {
  const [before, hit, after] = [excerpt.before, excerpt.hit, excerpt.after].map(
    part => visible(part)
  );
  const text = before + hit + after;
  const { leftBefore, leftAfter } = excerpt;
  const mark = {
    start: before.length,
    end: before.length + hit.length,
    kind: 'hit' as const,
    title: 'the place in question'
  };
  const left = [
    ...(leftBefore ? [`${number(leftBefore)} characters before`] : []),
    ...(leftAfter ? [`${number(leftAfter)} after`] : [])
  ].join(', ');
  return el(
    'figure',
    { class: 'qwq-check-excerpt' },
    el(
      'figcaption',
      {},
      excerpt.title,
      left && el('span', { class: 'qwq-status' }, left)
    ),
    el(
      'div',
      { class: 'qwq-prose' },
      ...blocksOf(text, 0, text.length, codeIn(text)).map(block =>
        renderBlock(text, block, hit ? [mark] : [])
      )
    )
  );
}
