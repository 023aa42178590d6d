/** The table of a comparison, with each row's difference and interval drawn on one axis of percentage points. */
import { ICompare, ICompareRow } from '../record/compare';
import { number } from '../record/format';
import { oneLine } from '../text/clean';
import { CutFrame } from './cut';
import { button, el, setAttribute } from './dom';

/** The head of the column that says nothing where runs are not comparable, as Python writes it. */
const P = 'p';
/** The drawing stands beside the rows' names, where no narrow page cuts it off. */
const PLACE = 1;

export class ForestTable {
  readonly node: HTMLElement;

  /** `choose` is told the row whose pairs are to be shown. */
  constructor(choose: (row: ICompareRow) => void) {
    this._choose = choose;
    const scroll = el(
      'div',
      {
        class: 'qwq-table qwq-compare-table',
        tabindex: 0,
        role: 'region',
        'aria-label': 'Differences'
      },
      this._table
    );
    const cut = new CutFrame(scroll);
    this._sizes = new ResizeObserver(() => cut.update());
    this._sizes.observe(scroll);
    this._sizes.observe(this._table);
    this.node = cut.node;
  }

  dispose(): void {
    this._sizes.disconnect();
  }

  update(compare: ICompare): void {
    const rows = compare.groups.flatMap(group => group.rows);
    this.node.hidden = rows.length === 0;
    this._rows.clear();
    const reach = Math.max(
      0.02,
      ...rows.flatMap(({ low, high, difference }) =>
        [low, high, difference].map(value => Math.abs(value ?? 0))
      )
    );
    const isDrawn = rows.some(({ difference }) => difference !== null);
    const heads: Node[] = compare.heads.map((head, index) =>
      el(
        'th',
        { scope: 'col', class: index === 0 ? 'qwq-mod-name' : null },
        index === 0 ? 'subset' : head
      )
    );
    if (isDrawn) {
      heads.splice(PLACE, 0, axis(reach));
    }
    const columns = heads.length;
    const bodies = compare.groups.map(group =>
      el(
        'tbody',
        {},
        el(
          'tr',
          { class: 'qwq-compare-group' },
          el(
            'th',
            { scope: 'rowgroup', colspan: columns, class: 'qwq-mod-name' },
            group.title + sidesOf(compare, group.rows)
          )
        ),
        ...group.rows.map(row => {
          const cells: HTMLElement[] = row.cells.map((cell, index) =>
            index === 0
              ? el(
                  'th',
                  { scope: 'row', class: 'qwq-mod-name' },
                  this._name(row, cell)
                )
              : el(
                  'td',
                  {
                    class:
                      !row.comparable && compare.heads[index] === P
                        ? 'qwq-mod-none'
                        : null
                  },
                  cell
                )
          );
          if (isDrawn) {
            cells.splice(PLACE, 0, drawing(row, reach));
          }
          const line = el(
            'tr',
            { class: row.subset === 'all' ? 'qwq-mod-all' : null },
            ...cells
          );
          this._rows.set(row, line);
          return line;
        })
      )
    );
    this._table.replaceChildren(
      el('thead', {}, el('tr', {}, ...heads)),
      ...bodies
    );
  }

  /** Mark the row whose pairs are shown. */
  mark(row: { benchmark: string; subset: string } | null, b: string): void {
    for (const [each, line] of this._rows) {
      const isChosen =
        row !== null &&
        each.benchmark === row.benchmark &&
        each.subset === row.subset &&
        (b === '' || each.b === b);
      line.classList.toggle('qwq-mod-chosen', isChosen);
      setAttribute(
        line.querySelector('button')!,
        'aria-pressed',
        String(isChosen)
      );
    }
  }

  private _name(row: ICompareRow, cell: string): HTMLElement {
    return button(
      cell,
      {
        class: 'qwq-link',
        title: 'Show the answers of this row that flipped',
        'aria-pressed': 'false'
      },
      () => this._choose(row)
    );
  }

  private _choose: (row: ICompareRow) => void;
  private _table = el('table');
  private _sizes: ResizeObserver;
  private _rows = new Map<ICompareRow, HTMLElement>();
}

/** How far the axis goes; which side is whose stands above each group. */
function axis(reach: number): HTMLElement {
  const end = number(100 * reach, reach < 0.1 ? 1 : 0);
  return el(
    'th',
    { scope: 'col', class: 'qwq-forest-head', title: 'Percentage points' },
    el(
      'span',
      {},
      el('span', {}, `−${end}`),
      el('span', {}, '0'),
      el('span', {}, `+${end}`)
    )
  );
}

/** Which run the drawing favours to the right. */
function sidesOf({ runs }: ICompare, rows: ICompareRow[]): string {
  const other = runs.find(({ letter }) => letter === rows[0]?.b);
  return other && rows.some(({ difference }) => difference !== null)
    ? ` · to the right, ${oneLine(other.title, 60)} is better`
    : '';
}

/** The interval as a bar and the difference as a dot; the numbers stand in the cells beside it. */
function drawing(row: ICompareRow, reach: number): HTMLElement {
  const cell = el('td', { class: 'qwq-mod-bar', 'aria-hidden': 'true' });
  const { difference, low, high } = row;
  if (difference === null) {
    return cell;
  }
  const place = (value: number): string =>
    `${(50 + (48 * value) / reach).toFixed(2)}%`;
  const track = el('div', {
    class: `qwq-forest${row.comparable ? '' : ' qwq-mod-barred'}${
      row.subset === 'all' ? ' qwq-mod-whole' : ''
    }`
  });
  if (low !== null && high !== null) {
    const bar = el('span', { class: 'qwq-forest-bar' });
    bar.style.left = place(low);
    bar.style.right = `${(50 - (48 * high) / reach).toFixed(2)}%`;
    const excludes = low > 0 || high < 0;
    bar.classList.toggle('qwq-mod-clear', excludes && row.comparable);
    track.append(bar);
  }
  const dot = el('span', { class: 'qwq-forest-dot' });
  dot.style.left = place(difference);
  track.append(dot);
  cell.append(track);
  return cell;
}
