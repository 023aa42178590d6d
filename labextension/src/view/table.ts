/** Accuracy by subset: a dot with its interval on an axis that all rows share, and every outcome as a column. */
import { axisOf, IAxis, placeOn } from '../model/axis';
import {
  cellOf,
  columnsOf,
  foldedNote,
  headOf,
  IColumns,
  rowInWords,
  titleOf
} from '../model/columns';
import { subsetKey } from '../model/entry';
import {
  estimatedFrom,
  intervalsOf,
  meanScore,
  number,
  percent
} from '../record/format';
import { RunRecord, SubsetRow } from '../record/record';
import { asText, inWords } from '../record/values';
import { Column, OUTCOMES, outcomeSign } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { ColumnChooser } from './chooser';
import { CutFrame } from './cut';
import { button, el, moreOf, reconcile, setAttribute, setText } from './dom';
import { onWish, readWishes } from './wishes';

/** Rows that are drawn: every one is two dozen elements. The largest benchmarks have some sixty subsets. */
const MOST_ROWS = 500;

/** Characters of a head in one line. */
const LONGEST_HEAD = 14;

/** Pixels of a character in the table's font (12 px), at the most, and of a cell's padding. */
const CHARACTER = 6.7;
const PADDING = 17;
/** Pixels of the axis with its padding, in a wide table and in a narrow one; as in style/table.css. */
const AXIS = 156;
const NARROW_AXIS = 96;
/**
 * Up to here (pixels) the interval stands below the accuracy, and outcomes have their signs as heads; up to the other
 * there is no axis.
 */
const COMPACT = 560;
const NO_AXIS = 380;

interface IReference {
  score: number;
  said: string;
}

/** What a draw needs of a record, read once. */
interface IContent {
  rows: SubsetRow[];
  all: number;
  references: Map<string, IReference>;
  axis: IAxis;
  several: boolean;
}

export class TableView {
  readonly node: HTMLElement;

  /** `choose` is called with the place (see `subsetKey`) whose name was clicked; `all` with the benchmark alone. */
  constructor(choose: (benchmark: string, subset: string) => void) {
    this._choose = choose;
    this._table = el(
      'table',
      {},
      this._caption,
      el('thead', {}, this._head),
      this._body
    );
    this._scroll = el(
      'div',
      {
        class: 'qwq-table',
        tabindex: 0,
        role: 'region',
        'aria-label': 'Results'
      },
      this._table
    );
    this._cut = new CutFrame(this._scroll);
    this.node = el(
      'div',
      { class: 'qwq-results' },
      el('div', { class: 'qwq-table-tools' }, this._note, this._chooser.node),
      this._chooser.panel,
      this._cut.node,
      this._more
    );
    // Comes before the first paint too, when the page has been laid out anyway.
    this._sizes = new ResizeObserver(entries => {
      const isResized = entries.some(({ target }) => target === this._scroll);
      const { clientWidth } = this._scroll;
      if (isResized && clientWidth !== this._width && clientWidth > 0) {
        this._width = clientWidth;
        this._excess = 0;
        this._draw();
      }
      this._fitted();
    });
    this._sizes.observe(this._scroll);
    this._sizes.observe(this._table);
    this._forget = onWish(() => {
      this._excess = 0;
      this._draw();
    });
  }

  dispose(): void {
    this._sizes.disconnect();
    this._forget();
  }

  update(record: RunRecord): void {
    const all = rowsOf(record);
    const rows = all.slice(0, MOST_ROWS);
    const references = referencesOf(record);
    const published = rows
      .map(row => references.get(subsetKey(row))?.score)
      .filter(score => score !== undefined);
    this._content = {
      rows,
      all: all.length,
      references,
      axis: axisOf(rows, published),
      several: record.benchmarks.length > 1
    };
    this._draw();
  }

  private _draw(): void {
    if (this._content === null) {
      return;
    }
    const { rows, all, references, axis, several } = this._content;
    const cells = new Map<Column, [string, string][]>();
    const cellsOf = (column: Column): [string, string][] => {
      let found = cells.get(column);
      if (found === undefined) {
        found = rows.map(row => cellOf(column, row));
        cells.set(column, found);
      }
      return found;
    };
    const columns = columnsOf(
      rows,
      readWishes(),
      this._room(rows, several),
      column =>
        this._isCompact && column === 'interval'
          ? 0
          : widthOf(this._headOf(column, rows), cellsOf(column))
    );
    const shown = columns.shown.filter(
      column => !this._isCompact || column !== 'interval'
    );
    const isScore = rows.some(row => row.metric !== '');
    const signature = JSON.stringify([
      shown.map(column => this._headOf(column, rows)),
      several
    ]);
    const focused = this._focused();
    if (signature !== this._signature) {
      this._signature = signature;
      this._body.replaceChildren();
      this._drawHead(shown, rows);
    }
    this._drawTicks(axis, isScore && rows.every(row => row.metric !== ''));
    let index = 0;
    reconcile(
      this._body,
      rows,
      subsetKey,
      row => this._makeRow(row, shown, several),
      (node, row) => {
        const texts = shown.map(column => {
          const [value, below] = cellsOf(column)[index];
          return [
            value,
            column === 'interval' || (column === 'accuracy' && this._isCompact)
              ? belowInterval(row, this._isCompact)
              : below
          ] as [string, string];
        });
        index++;
        const reference = references.get(subsetKey(row)) ?? null;
        updateRow(node, row, texts, axis, reference);
      }
    );
    if (focused !== null) {
      this._body
        .querySelector<HTMLElement>(
          `[data-key="${CSS.escape(focused)}"] .qwq-link`
        )
        ?.focus();
    }
    this._say(columns, references.size > 0, isScore);
    this._chooser.update(rows, columns);
    this.node.hidden = rows.length === 0;
    this._more.hidden = all === rows.length;
    setText(this._more, moreOf(all - rows.length, 'subset'));
  }

  /** The row whose name has the focus, if one has: rows are made anew where the columns change. */
  private _focused(): string | null {
    const active = document.activeElement;
    return active !== null && this._body.contains(active)
      ? (active.closest('tr')?.dataset.key ?? null)
      : null;
  }

  /** Pixels that there are for the columns. */
  private _room(rows: readonly SubsetRow[], several: boolean): number {
    if (this._width === 0) {
      return Infinity;
    }
    const names = rows.map(row => nameOf(row, several).length);
    const name = Math.min(Math.max(6, ...names) * CHARACTER, 190) + PADDING;
    const axis = this._isCompact
      ? this._width > NO_AXIS
        ? NARROW_AXIS
        : 0
      : AXIS;
    return this._width - name - axis - this._excess;
  }

  private get _isCompact(): boolean {
    return this._width > 0 && this._width <= COMPACT;
  }

  /** A column's head: of an outcome, where it is narrow, its sign. */
  private _headOf(column: Column, rows: readonly SubsetRow[]): string {
    const outcome = OUTCOMES.find(
      each => each === column || (each === 'error' && column === 'errors')
    );
    return this._isCompact && outcome !== undefined
      ? outcomeSign(outcome)
      : headOf(column, rows);
  }

  private _say(
    columns: IColumns,
    hasPublished: boolean,
    degrees: boolean
  ): void {
    const { folded, left } = columns;
    const { rows } = this._content!;
    const notes = [foldedNote(folded)];
    if (left.length > 0) {
      const names = left.map(column => headOf(column, rows)).join(', ');
      notes.push(`no room for ${names}`);
    }
    setText(this._note, notes.filter(note => note).join(' · '));
    setText(
      this._caption,
      'Accuracy by subset, with 95 % intervals; “all” is for all problems of the benchmark, ' +
        'exact where each was asked (in brackets the interval for problems like them)' +
        (degrees
          ? '; where a score is not 0 or 1 its mean, with its interval'
          : '') +
        (hasPublished ? '; ◇ is the published score' : '')
    );
  }

  private _drawHead(shown: Column[], rows: readonly SubsetRow[]): void {
    const head = (column: Column): HTMLElement =>
      el(
        'th',
        {
          scope: 'col',
          class: `qwq-mod-${column}`,
          title: `${headOf(column, rows)}: ${titleOf(column, rows)}`,
          'aria-label': headOf(column, rows)
        },
        ...inTwo(this._headOf(column, rows)).map(line => el('span', {}, line))
      );
    this._head.replaceChildren(
      el('th', { scope: 'col', class: 'qwq-mod-name' }, 'subset')
    );
    for (const column of shown) {
      this._head.append(head(column));
      if (column === 'accuracy') {
        this._head.append(el('td', { class: 'qwq-mod-axis' }, this._ticks));
      }
    }
  }

  /** The labels of the axis, and its lines in all rows as one background. */
  private _drawTicks(axis: IAxis, asScore: boolean): void {
    const signature = JSON.stringify([axis, asScore]);
    if (signature === this._axisSignature) {
      return;
    }
    this._axisSignature = signature;
    this._ticks.replaceChildren(
      ...axis.ticks.map(tick => {
        const label = asScore ? number(tick, 2) : number(100 * tick);
        const node = el('span', {}, label);
        node.style.left = place(axis, tick);
        return node;
      })
    );
    const lines = axis.ticks.map(tick => {
      const at = place(axis, tick);
      return `linear-gradient(90deg, transparent calc(${at} - 0.5px), var(--qwq-tick) 0, var(--qwq-tick) calc(${at} + 0.5px), transparent 0)`;
    });
    this._table.style.setProperty('--qwq-ticks', lines.join(', '));
  }

  private _makeRow(
    row: SubsetRow,
    columns: Column[],
    several: boolean
  ): HTMLElement {
    const { benchmark, subset } = row;
    const node = el(
      'tr',
      { class: subset === 'all' ? 'qwq-mod-all' : null },
      el(
        'th',
        { scope: 'row', class: 'qwq-mod-name' },
        button(
          nameOf(row, several),
          {
            class: 'qwq-link',
            title: oneLine(`Show the samples of ${benchmark}, ${subset}`)
          },
          () => this._choose(benchmark, subset)
        )
      )
    );
    for (const column of columns) {
      node.append(
        el(
          'td',
          { class: `qwq-mod-${column}` },
          el('span', { class: 'qwq-value' }),
          el('span', { class: 'qwq-below', hidden: true })
        )
      );
      if (column === 'accuracy') {
        node.append(
          el(
            'td',
            { class: 'qwq-mod-axis' },
            el(
              'div',
              { class: 'qwq-track', 'aria-hidden': 'true' },
              el('span', { class: 'qwq-whisker' }),
              el('span', { class: 'qwq-published' }),
              el('span', { class: 'qwq-dot' })
            ),
            el('span', { class: 'qwq-unseen' })
          )
        );
      }
    }
    return node;
  }

  /** The table has been laid out: if it is too wide all the same, one more column leaves. */
  private _fitted(): void {
    const { scrollWidth, clientWidth } = this._scroll;
    if (clientWidth > 0 && scrollWidth > clientWidth + 1) {
      const excess = scrollWidth - clientWidth;
      const before = this._signature;
      this._excess += excess;
      this._draw();
      if (this._signature === before) {
        this._excess -= excess; // nothing that may leave is left
      }
    }
    this._cut.update();
  }

  private _choose: (benchmark: string, subset: string) => void;
  private _content: IContent | null = null;
  private _chooser = new ColumnChooser();
  private _note = el('span', { class: 'qwq-table-note' });
  private _cut: CutFrame;
  private _scroll: HTMLElement;
  private _table: HTMLElement;
  private _caption = el('caption');
  private _head = el('tr');
  private _ticks = el('div', {
    class: 'qwq-track qwq-mod-ticks',
    'aria-hidden': 'true'
  });
  private _body = el('tbody');
  private _more = el('p', { class: 'qwq-more', hidden: true });
  private _sizes: ResizeObserver;
  private _forget: () => void;
  private _width = 0;
  private _excess = 0;
  private _signature = '';
  private _axisSignature = '';
}

function nameOf(row: SubsetRow, several: boolean): string {
  return oneLine(
    row.subset === 'all' && several ? row.benchmark : row.subset,
    100
  );
}

/** Pixels of a column, from its texts. */
function widthOf(head: string, cells: readonly [string, string][]): number {
  let most = Math.max(...inTwo(head).map(line => line.length));
  for (const [value, below] of cells) {
    most = Math.max(most, value.length, below.length);
  }
  return CHARACTER * most + PADDING;
}

/** A head in one line, or in the two that need least width. */
function inTwo(head: string): string[] {
  if (head.length <= LONGEST_HEAD) {
    return [head];
  }
  const words = head.split(' ');
  let best = [head];
  for (let at = 1; at < words.length; at++) {
    const lines = [words.slice(0, at).join(' '), words.slice(at).join(' ')];
    const longest = (each: string[]): number =>
      Math.max(...each.map(line => line.length));
    if (longest(lines) < longest(best)) {
      best = lines;
    }
  }
  return best;
}

function place(axis: IAxis, share: number): string {
  return `${(100 * placeOn(axis, share)).toFixed(2)}%`;
}

function updateRow(
  node: HTMLElement,
  row: SubsetRow,
  texts: [string, string][],
  axis: IAxis,
  reference: IReference | null
): void {
  const cells = [...node.children].filter(
    cell => !cell.matches('.qwq-mod-name, .qwq-mod-axis')
  );
  texts.forEach(([value, said], index) => {
    const [text, below] = [...cells[index].children] as HTMLElement[];
    setText(text, value);
    setText(below, said);
    below.hidden = said === '';
    cells[index].classList.toggle(
      'qwq-mod-none',
      value === '0' || value === '–'
    );
  });
  const cell = node.querySelector<HTMLElement>('.qwq-mod-axis')!;
  updateAxis(cell, row, axis, reference);
}

/** Below an exact interval that for problems like these; of what it is an estimate, and whose mean a score is. */
function belowInterval(row: SubsetRow, isAlone: boolean): string {
  const [own, similar] = intervalsOf(row);
  const metric = row.metric && `mean ${oneLine(row.metric, 60)}`;
  const interval = [isAlone ? own : '', similar].filter(part => part).join(' ');
  return [interval, metric, estimatedFrom(row)].filter(part => part).join(', ');
}

function updateAxis(
  cell: HTMLElement,
  row: SubsetRow,
  axis: IAxis,
  reference: IReference | null
): void {
  const find = (name: string): HTMLElement =>
    cell.querySelector(`.qwq-${name}`)!;
  const { ci_low: low, ci_high: high } = row;
  const score = row.metric === '' ? row.accuracy : row.mean_score;
  const dot = find('dot');
  dot.hidden = score === null;
  dot.style.left = place(axis, score ?? 0);
  const whisker = find('whisker');
  whisker.hidden = low === null || high === null || low === high;
  if (low !== null && high !== null) {
    whisker.style.left = place(axis, low);
    whisker.style.right = `calc(100% - ${place(axis, high)})`;
  }
  const published = find('published');
  published.hidden = reference === null;
  published.style.left = place(axis, reference?.score ?? 0);
  setText(find('unseen'), reference?.said ?? '');
  setAttribute(cell, 'title', rowInWords(row, reference?.said ?? ''));
}

/** The table without subsets that are all of their benchmark. */
function rowsOf(record: RunRecord): SubsetRow[] {
  const parts = new Map<string, number>();
  const summed = new Set<string>();
  for (const { benchmark, subset } of record.table) {
    if (subset === 'all') {
      summed.add(benchmark);
    } else {
      parts.set(benchmark, (parts.get(benchmark) ?? 0) + 1);
    }
  }
  return record.table.filter(
    ({ benchmark, subset }) =>
      subset !== 'default' ||
      (parts.get(benchmark) ?? 0) > 1 ||
      !summed.has(benchmark)
  );
}

/** The published score that stands in each row; of several the first. */
function referencesOf(record: RunRecord): Map<string, IReference> {
  const found = new Map<string, IReference>();
  for (const item of record.references) {
    const { benchmark, subset, score, model, source } = item;
    const key = subsetKey({
      benchmark: asText(benchmark),
      subset: asText(subset ?? 'all')
    });
    if (typeof score === 'number' && !found.has(key)) {
      const shown = score > 1 ? meanScore(score) : percent(score);
      const where = oneLine(`${inWords(model)}: ${inWords(source)}`, 600);
      found.set(key, { score, said: `published ${shown} (${where})` });
    }
  }
  return found;
}
