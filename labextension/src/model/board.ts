/** Which rows of a board are shown, and in which order. */
import { IBoardGroup, IBoardRow } from '../record/board';

/** A column, and whether its greatest value comes first; null: the order of the record. */
export interface IOrder {
  column: number;
  descending: boolean;
}

/** The rows that have every word of the query in some cell, in the order asked for. */
export function shownRows(
  group: IBoardGroup,
  query: string,
  order: IOrder | null
): IBoardRow[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = group.rows.filter(row => {
    const all = [...row.cells, row.source, group.title]
      .join('\n')
      .toLowerCase();
    return words.every(word => all.includes(word));
  });
  if (order === null) {
    return rows;
  }
  const sign = order.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [one, other] = [a.cells[order.column], b.cells[order.column]];
    // What is not known comes last, whichever way.
    if (one === '–' || other === '–') {
      return Number(one === '–') - Number(other === '–');
    }
    return sign * compared(one ?? '', other ?? '');
  });
}

function compared(one: string, other: string): number {
  const [a, b] = [numberIn(one), numberIn(other)];
  return a !== null && b !== null ? a - b : one.localeCompare(other, 'en');
}

/** The number that a cell begins with; a time in seconds: `1,204`, `73.6 %`, `2 min 24 s`. */
export function numberIn(cell: string): number | null {
  const time = /^(?:([\d,]+) h )?(?:([\d,]+) min)?(?: ?([\d.]+) s)?$/.exec(
    cell
  );
  if (time && (time[1] || time[2] || time[3])) {
    const [hours, minutes, seconds] = time
      .slice(1)
      .map(part => Number((part ?? '0').replace(/,/g, '')));
    return 3600 * hours + 60 * minutes + seconds;
  }
  const found = /^(?:< )?([-−]?[\d,]+(?:\.\d+)?)/.exec(cell);
  return found ? Number(found[1].replace(/,/g, '').replace('−', '-')) : null;
}
