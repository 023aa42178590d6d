/** A board of code editing: a table that can be searched and sorted, measured rows above published ones. */
import { Widget } from '@lumino/widgets';

import { IOrder, shownRows } from '../model/board';
import { IBoard, IBoardGroup, IBoardRow } from '../record/board';
import { count, number } from '../record/format';
import { oneLine } from '../text/clean';
import { DEMO_NOTICE } from '../record/vocabulary';
import { button, el, setAttribute, setText } from './dom';
import { ReachKeeper } from './reach';

export class BoardView extends Widget {
  constructor() {
    super();
    this.addClass('qwq-RunView');
    this.addClass('qwq-BoardView');
    this._search = el('input', {
      type: 'search',
      class: 'qwq-search',
      placeholder: 'Search: model, format, command …',
      'aria-label': 'Search the board'
    });
    this._search.addEventListener('input', () => this._drawRows());
    this._table = el(
      'div',
      {
        class: 'qwq-table',
        tabindex: 0,
        role: 'region',
        'aria-label': 'Board'
      },
      this._rows
    );
    this._rows.append(el('thead', {}, this._head));
    this.node.append(
      this._demo,
      this._title,
      el('div', { class: 'qwq-board-tools' }, this._search, this._found),
      this._table,
      this._notes
    );
    setAttribute(this.node, 'role', 'group');
    this._reach = new ReachKeeper(this.node);
  }

  setBoard(board: IBoard): void {
    this._board = board;
    this._demo.hidden = !board.demo;
    setText(this._title, oneLine(board.title, 300));
    setAttribute(this.node, 'aria-label', oneLine(board.title, 300));
    this._notes.replaceChildren(
      ...board.notes.map(note => el('p', { class: 'qwq-more' }, note))
    );
    this._drawHead();
    this._drawRows();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._reach.dispose();
      super.dispose();
    }
  }

  private _drawHead(): void {
    const { heads, numbers } = this._board!;
    this._head.replaceChildren(
      ...heads.map((head, at) => {
        const sorted = this._order?.column === at ? this._order : null;
        const sign = sorted === null ? '' : sorted.descending ? ' ▾' : ' ▴';
        return el(
          'th',
          {
            scope: 'col',
            class: kindOf(at, numbers),
            'aria-sort':
              sorted === null
                ? null
                : sorted.descending
                  ? 'descending'
                  : 'ascending'
          },
          button(
            `${oneLine(head, 80)}${sign}`,
            { class: 'qwq-link', title: 'Sort by this column' },
            () => this._sort(at)
          )
        );
      })
    );
  }

  /** First the greatest number or the first word, then the other way, then as it was. */
  private _sort(column: number): void {
    const first = this._board!.numbers[column];
    const now = this._order?.column === column ? this._order : null;
    this._order =
      now === null
        ? { column, descending: first }
        : now.descending === first
          ? { column, descending: !first }
          : null;
    this._drawHead();
    this._drawRows();
    (this._head.children[column]?.firstElementChild as HTMLElement).focus();
  }

  private _drawRows(): void {
    const { groups, numbers } = this._board!;
    const total = groups.reduce((sum, group) => sum + group.rows.length, 0);
    let shown = 0;
    const bodies = groups.map(group => {
      const rows = shownRows(group, this._search.value, this._order);
      shown += rows.length;
      return rows.length ? bodyOf(group, rows, numbers) : null;
    });
    for (const body of [...this._rows.tBodies]) {
      body.remove();
    }
    this._rows.append(...bodies.filter(body => body !== null));
    setText(
      this._found,
      shown === total
        ? count(total, 'row')
        : `${number(shown)} of ${count(total, 'row')}`
    );
    this._reach.update();
  }

  private _board: IBoard | null = null;
  private _order: IOrder | null = null;
  private _search: HTMLInputElement;
  private _table: HTMLElement;
  private _rows = el('table');
  private _reach: ReachKeeper;
  private _demo = el(
    'div',
    { class: 'qwq-demo', role: 'note', hidden: true },
    el('strong', {}, '⚠ DEMO'),
    ` ${DEMO_NOTICE}`
  );
  private _title = el('h3');
  private _found = el('span', { class: 'qwq-more', role: 'status' });
  private _head = el('tr');
  private _notes = el('div');
}

function kindOf(column: number, numbers: boolean[]): string | null {
  return column === 0
    ? 'qwq-mod-name'
    : numbers[column]
      ? null
      : 'qwq-mod-words';
}

function bodyOf(
  group: IBoardGroup,
  rows: IBoardRow[],
  numbers: boolean[]
): HTMLTableSectionElement {
  const title = el(
    'tr',
    { class: 'qwq-mod-group' },
    el(
      'th',
      { scope: 'rowgroup', colspan: numbers.length },
      el('span', {}, oneLine(group.title, 300))
    )
  );
  return el(
    'tbody',
    { class: group.published ? 'qwq-mod-published' : null },
    title,
    ...rows.map(row => rowOf(row, group, numbers))
  );
}

function rowOf(
  row: IBoardRow,
  group: IBoardGroup,
  numbers: boolean[]
): HTMLElement {
  const [name, ...cells] = row.cells;
  const head = el(
    'th',
    {
      scope: 'row',
      class: 'qwq-mod-name',
      title: oneLine(row.source, 500) || null
    },
    el('span', {}, oneLine(name, 200)),
    ' ',
    group.published && el('span', { class: 'qwq-badge' }, 'published'),
    barOf(row)
  );
  return el(
    'tr',
    {},
    head,
    ...cells.map((cell, at) =>
      el(
        'td',
        { class: cell === '–' ? 'qwq-mod-none' : kindOf(at + 1, numbers) },
        oneLine(cell, 1_000)
      )
    )
  );
}

/** Both tries on one another, with the whiskers of the interval of both; the numbers stand in the row. */
function barOf(row: IBoardRow): HTMLElement | null {
  if (row.last === null) {
    return null;
  }
  const track = el('div', { class: 'qwq-track', 'aria-hidden': 'true' });
  const part = (kind: string, from: number, to: number): void => {
    const node = el('span', { class: kind });
    node.style.left = `${from.toFixed(2)}%`;
    node.style.width = `${Math.max(to - from, 0).toFixed(2)}%`;
    track.append(node);
  };
  part('qwq-fill qwq-mod-second', 0, row.last);
  part('qwq-fill', 0, row.first ?? 0);
  if (row.low !== null && row.high !== null) {
    part('qwq-whisker', row.low, row.high);
  }
  return track;
}
