/** The list of samples: only the lines in sight are elements, so that thousands scroll as smoothly as ten. */
import { IEntry, secondsOf, standingOf, tokensOf } from '../model/entry';
import { IProblem } from '../model/problems';
import { IExcerpt } from '../model/texts';
import { duration, number } from '../record/format';
import { SampleView } from '../record/record';
import { flagWord, outcomeWord, PHASES } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { el, reconcile, setAttribute, setText, uniqueId } from './dom';
import { DotsView } from './dots';
import { drawExcerpt } from './excerpt';
import { testsWord } from './execution';
import { problemWords } from './problem';
import { ruledOf, ruleMarks } from './ruling';
import { signOf } from './standing';
import { valuesOf } from './values';

const LINE = 44; // pixels; as in style/list.css
const MOST_FLAGS = 10; // that a line has room for
const MORE = 8; // lines beyond those in sight
const CONTEST = /^\d{4}-\w{1,6}-\d{1,3}$/; // a contest's own id: `2024-II-12`

/** A line: an answer, or a problem with all its answers. */
interface ILine {
  key: string;
  entry: IEntry;
  problem: IProblem | null;
}

export interface IListParts {
  /** What a line says of its sample, where that is not its outcome and values. */
  said?: (entry: IEntry) => string;
  /** Rule on the sample of a line; without it lines have no marks to press. */
  rule?: (key: string, correct: boolean) => void;
}

export class ListView {
  readonly node: HTMLElement;
  /** The line that keys move from and that is shown beside the list. */
  active: string | null = null;
  /** What is said where there are no lines. */
  whenEmpty = 'No sample fits.';

  constructor(choose: (key: string) => void, more: IListParts = {}) {
    this._choose = choose;
    this._said = more.said ?? saidOf;
    this.node = el(
      'div',
      {
        class: 'qwq-list',
        tabindex: 0,
        role: 'group',
        'aria-label': 'Samples'
      },
      this._empty,
      this._inner
    );
    this.node.addEventListener(
      'scroll',
      () => {
        this._scrollTop = this.node.scrollTop;
        this._draw();
      },
      { passive: true }
    );
    this.node.addEventListener('click', event => {
      const target = event.target as Element;
      const line = target.closest<HTMLElement>('.qwq-line');
      const key = line && this._keyAt(line, event);
      const mark = target.closest<HTMLElement>('.qwq-rule-mark');
      if (key && mark !== null) {
        more.rule?.(key, mark.dataset.rules === 'right');
      } else if (key) {
        this._choose(key);
      }
    });
    // Comes before the first paint too, when the page has been laid out anyway.
    new ResizeObserver(() => {
      this._height = this.node.clientHeight;
      if (this._isUnrevealed && this._height > 0) {
        this._isUnrevealed = false;
        this._center();
      }
      this._draw();
    }).observe(this.node);
  }

  /**
   * `several`: whether ids are told apart by benchmark too; `excerpt`: what a search has found in a sample;
   * `problems`: the same entries by problem, where a line is a problem.
   */
  update(
    entries: IEntry[],
    several: boolean,
    excerpt: (key: string) => IExcerpt | null,
    problems: IProblem[] | null = null
  ): void {
    this._excerpt = excerpt;
    const top = Math.floor(this._scrollTop / LINE);
    const anchor = this._lines[top]?.entry.key;
    const rest = this._scrollTop - top * LINE;
    this._version++;
    this._entries = entries;
    const lines = problems
      ? problems.map(problem => lineOf(problem))
      : entries.map(entry => ({ key: entry.key, entry, problem: null }));
    this._lines = lines;
    this._several = several;
    this._index = new Map(
      lines.flatMap(({ entry, problem }, index) =>
        (problem?.answers ?? [entry]).map(({ key }) => [key, index] as const)
      )
    );
    // A listbox without options is none.
    setAttribute(this.node, 'role', lines.length ? 'listbox' : 'group');
    this._empty.hidden = lines.length > 0;
    setText(this._empty, this.whenEmpty);
    this._inner.style.height = `${lines.length * LINE}px`;
    // What the reader looks at stays where it is, whatever came in above it.
    const now = anchor === undefined ? undefined : this._index.get(anchor);
    if (now !== undefined && top > 0 && now !== top) {
      this._scrollTo(now * LINE + rest);
    }
    this._draw();
  }

  /** Whether the lines have marks that rule on their samples. */
  setRules(can: boolean): void {
    this.node.classList.toggle('qwq-mod-rules', can);
  }

  get entries(): readonly IEntry[] {
    return this._entries;
  }

  setActive(key: string | null, reveal: boolean): void {
    this._version++;
    this.active = key;
    const index = key === null ? undefined : this._index.get(key);
    if (reveal && this._height === 0) {
      this._isUnrevealed = true; // it has no height before it is in the page
    } else if (reveal && index !== undefined) {
      if (index * LINE < this._scrollTop) {
        this._scrollTo(index * LINE);
      } else if ((index + 1) * LINE > this._scrollTop + this._height) {
        this._scrollTo((index + 1) * LINE - this._height);
      }
    }
    this._draw();
  }

  /** The key that is `steps` lines from the active one; without one, the first. */
  neighbour(steps: number): string | null {
    const last = this._lines.length - 1;
    const index =
      this.active === null ? undefined : this._index.get(this.active);
    const to =
      index === undefined ? 0 : Math.min(Math.max(index + steps, 0), last);
    return this._lines[to]?.entry.key ?? null;
  }

  /** The key of the answer that is `steps` from the active one, among those to the same problem; null without one. */
  sibling(steps: number): string | null {
    const line = this._lineOf(this.active);
    const answers = line?.problem?.answers ?? [];
    const index = answers.findIndex(({ key }) => key === this.active);
    return index < 0 ? null : (answers[index + steps]?.key ?? null);
  }

  /** Lines that are in sight at once. */
  get page(): number {
    return Math.max(1, Math.floor(this._height / LINE) - 1);
  }

  /** Put back what an element loses when it is taken out of the page. */
  restore(): void {
    if (this._scrollTop > 0) {
      this.node.scrollTop = this._scrollTop;
    }
  }

  /** Scroll the line that is shown into the middle. */
  private _center(): void {
    const index = this.active === null ? -1 : this._index.get(this.active);
    if (index !== undefined && index >= 0) {
      this._scrollTo(index * LINE - (this._height - LINE) / 2);
    }
  }

  private _scrollTo(top: number): void {
    this.node.scrollTop = top;
    this._scrollTop = this.node.scrollTop;
  }

  private _draw(): void {
    if (!this.node.isConnected) {
      return;
    }
    // As they were last known: asking the page would lay it out in the midst of an update.
    const { _scrollTop: scrollTop, _height: height } = this;
    const first = Math.max(0, Math.floor(scrollTop / LINE) - MORE);
    const end = Math.ceil((scrollTop + height) / LINE) + MORE;
    const lines = this._lines
      .slice(first, end)
      .map((line, offset) => ({ line, index: first + offset }));
    const active =
      this.active === null ? undefined : this._index.get(this.active);
    if (active !== undefined && (active < first || active >= end)) {
      lines.push({ line: this._lines[active], index: active });
    }
    reconcile(
      this._inner,
      lines,
      ({ line }) => line.key,
      () => this._make(),
      (node, { line, index }) => {
        const state = `${this._version} ${index}`;
        if (this._filled.get(node) !== state) {
          this._filled.set(node, state);
          this._place(node, line, index);
          if (line.problem === null) {
            this._fill(node, line.entry);
          } else {
            this._fillProblem(node, line, line.problem);
          }
        }
      }
    );
    setAttribute(
      this.node,
      'aria-activedescendant',
      (active !== undefined &&
        this._inner.querySelector('[aria-selected="true"]')?.id) ||
        null
    );
  }

  private _make(): HTMLElement {
    const part = (name: string): HTMLElement =>
      el('span', { class: `qwq-line-${name}` });
    return el(
      'div',
      { class: 'qwq-line', role: 'option', id: uniqueId() },
      part('sign'),
      part('id'),
      part('said'),
      part('tokens'),
      part('time'),
      ruleMarks()
    );
  }

  private _place(node: HTMLElement, line: ILine, index: number): void {
    const isActive = this._lineOf(this.active) === line;
    node.style.transform = `translateY(${index * LINE}px)`;
    setAttribute(node, 'aria-selected', String(isActive));
    setAttribute(node, 'aria-posinset', index + 1);
    setAttribute(node, 'aria-setsize', this._lines.length);
  }

  private _fill(node: HTMLElement, entry: IEntry): void {
    const [sign, id, said, tokens, time] = [...node.children] as HTMLElement[];
    const standing = standingOf(entry);
    const { row } = entry;
    setAttribute(node, 'data-outcome', standing);
    setText(sign, signOf(standing));
    const excerpt = this._excerpt(entry.key);
    if (excerpt === null || excerpt.part === 'id') {
      setText(id, this._name(entry));
      setText(said, [ruledOf(row), this._said(entry)].join(''));
      delete said.dataset.excerpt;
    } else {
      setText(id, [this._name(entry), ...valuesOf(row)].join(' · '));
      drawExcerpt(said, excerpt);
    }
    const n = tokensOf(entry);
    setText(tokens, n ? `${number(n)} tok` : '');
    const seconds = secondsOf(entry);
    // An excerpt has the whole line.
    time.hidden = said.dataset.excerpt !== undefined;
    setText(time, seconds === null ? '' : duration(seconds));
    setAttribute(node, 'title', oneLine(row.why, 400) || null);
  }

  private _fillProblem(
    node: HTMLElement,
    { entry }: ILine,
    problem: IProblem
  ): void {
    const [sign, id, said, share, tokens] = [...node.children] as HTMLElement[];
    const words = problemWords(problem);
    node.classList.add('qwq-mod-problem');
    setAttribute(node, 'data-outcome', words.outcome);
    setText(sign, words.sign);
    // Of many answers the first alone has the benchmark's own id.
    setText(id, this._nameOf(problem.answers[0].row));
    let dots = this._dots.get(node);
    if (dots === undefined) {
      dots = new DotsView();
      this._dots.set(node, dots);
      node.append(dots.node);
    }
    dots.update(problem, this.active);
    const excerpt = this._excerpt(entry.key);
    if (excerpt === null || excerpt.part === 'id') {
      setText(said, words.values);
      delete said.dataset.excerpt;
    } else {
      drawExcerpt(said, excerpt);
    }
    setText(share, words.share);
    tokens.hidden = said.dataset.excerpt !== undefined;
    setText(tokens, words.tokens);
    setAttribute(node, 'title', words.title);
  }

  private _lineOf(key: string | null): ILine | undefined {
    const index = key === null ? undefined : this._index.get(key);
    return index === undefined ? undefined : this._lines[index];
  }

  /** Which answer a click is on: a mark's, or of a problem that is shown already the one that is shown. */
  private _keyAt(node: HTMLElement, event: MouseEvent): string | undefined {
    const line = this._lines.find(({ key }) => key === node.dataset.key);
    const dots = this._dots.get(node);
    if (line?.problem && dots?.node.contains(event.target as Node)) {
      return line.problem.answers[dots.at(event.clientX)]?.key;
    }
    return line !== undefined && line === this._lineOf(this.active)
      ? (this.active ?? undefined)
      : line?.entry.key;
  }

  private _name({ row }: IEntry): string {
    const repeat = row.repeat ? ` · repeat ${row.repeat}` : '';
    return this._nameOf(row) + repeat;
  }

  private _nameOf(row: SampleView): string {
    const prefix = `${row.benchmark}/`;
    const id =
      !this._several && row.id.startsWith(prefix)
        ? row.id.slice(prefix.length)
        : row.id;
    // An exercise is known by its name, and a problem of a contest by its number there.
    const isNamed = row.turns.length > 0 || CONTEST.test(row.source_id);
    const own = isNamed && row.source_id ? ` · ${row.source_id}` : '';
    return oneLine(id + own, 200);
  }

  private _choose: (key: string) => void;
  private _said: (entry: IEntry) => string;
  private _excerpt: (key: string) => IExcerpt | null = () => null;
  private _empty = el('p', { class: 'qwq-empty' });
  private _inner = el('div', { class: 'qwq-list-inner', role: 'presentation' });
  private _entries: IEntry[] = [];
  private _lines: ILine[] = [];
  private _dots = new WeakMap<HTMLElement, DotsView>();
  private _index = new Map<string, number>();
  private _several = false;
  private _scrollTop = 0;
  private _height = 0;
  private _isUnrevealed = false;
  private _version = 0;
  private _filled = new WeakMap<HTMLElement, string>();
}

function lineOf(problem: IProblem): ILine {
  const [entry] = problem.fits;
  return { key: `problem ${entry.row.id}`, entry, problem };
}

function saidOf(entry: IEntry): string {
  const { row, stream } = entry;
  const parts = [
    stream ? PHASES[stream.flight.phase] : outcomeWord(row.outcome)
  ];
  if (stream && stream.flight.attempt > 1) {
    parts.push(`attempt ${stream.flight.attempt}`);
  }
  if (row.execution && !stream) {
    parts.push(testsWord(row.execution));
  } else {
    parts.push(...valuesOf(row));
  }
  const flags = row.flags.slice(0, MOST_FLAGS);
  parts.push(...flags.map(flag => oneLine(`⚑ ${flagWord(flag)}`, 60)));
  return parts.filter(part => part).join(' · ');
}
