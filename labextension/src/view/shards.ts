/** How far each shard is of a run that an executor's workers ask, and which worker has it. */
import { count, number } from '../record/format';
import { RunRecord, ShardProgress } from '../record/record';
import { isLiveState } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { el, moreOf, reconcile, setAttribute, setText } from './dom';

/** Shards that are drawn: those that are not done come first where there are more. */
export const MOST_SHARDS = 24;
/** Characters of a worker's name, and of what a shard is at. */
const LONGEST = 60;

/** What may be long stands last: a narrow window cuts it off first. */
const HEADS = ['shard', 'done', 'state', 'streams', 'tokens/s', 'worker'];

export class ShardsView {
  readonly node = el('div', { class: 'qwq-shards' });

  constructor() {
    this._table = el(
      'table',
      {},
      this._caption,
      el(
        'thead',
        {},
        el('tr', {}, ...HEADS.map(head => el('th', { scope: 'col' }, head)))
      ),
      this._rows
    );
    this.node.hidden = true;
  }

  update(record: RunRecord): void {
    const all = isLiveState(record.state) ? record.progress.shards : [];
    this.node.hidden = all.length === 0;
    if (this.node.hidden) {
      this._rows.replaceChildren();
      this.node.replaceChildren();
      return;
    }
    if (!this.node.hasChildNodes()) {
      this.node.append(this._table, this._more);
    }
    const drawn = drawnShards(all);
    setText(this._caption, summary(all));
    reconcile(
      this._rows,
      drawn,
      shard => String(shard.number),
      () =>
        el(
          'tr',
          {},
          el('th', { scope: 'row' }),
          el('td', {}, el('span', { class: 'qwq-shard-bar' }, el('i')), ' '),
          ...HEADS.slice(2).map(() => el('td'))
        ),
      (row, shard) => this._fill(row, shard)
    );
    const left = all.length - drawn.length;
    setText(this._more, left > 0 ? moreOf(left, 'shard') : '');
    this._more.hidden = left <= 0;
  }

  private _fill(row: HTMLElement, shard: ShardProgress): void {
    const cells = [...row.children] as HTMLElement[];
    const texts = shardCells(shard);
    for (const at of [0, 2, 3, 4, 5]) {
      setText(cells[at], texts[at]);
    }
    const share = shard.total > 0 ? Math.min(1, shard.done / shard.total) : 0;
    const bar = cells[1].firstElementChild!.firstElementChild as HTMLElement;
    bar.style.width = `${100 * share}%`;
    // The text beside the bar: a node of its own, so that the bar is not made anew.
    cells[1].lastChild!.textContent = ` ${texts[1]}`;
    setAttribute(row, 'data-state', shard.state === 'done' ? 'done' : null);
  }

  private _table: HTMLElement;
  private _caption = el('caption');
  private _rows = el('tbody');
  private _more = el('div', { class: 'qwq-note' });
}

/** The texts of a shard's row, under `HEADS`. */
export function shardCells(shard: ShardProgress): string[] {
  const moved =
    shard.moved > 0 ? ` (taken up again ${times(shard.moved)})` : '';
  return [
    number(shard.number),
    `${number(shard.done)} of ${number(shard.total)}`,
    oneLine(shard.state, LONGEST),
    number(shard.in_flight),
    number(shard.tokens_per_s),
    oneLine(shard.worker, LONGEST) + moved || '–'
  ];
}

/** All shards in order; of many those that are not done, and then the first others. */
export function drawnShards(all: readonly ShardProgress[]): ShardProgress[] {
  if (all.length <= MOST_SHARDS) {
    return [...all];
  }
  const going = all.filter(shard => shard.worker && shard.state !== 'done');
  const others = all.filter(shard => !going.includes(shard));
  return [...going, ...others]
    .slice(0, MOST_SHARDS)
    .sort((a, b) => a.number - b.number);
}

export function summary(all: readonly ShardProgress[]): string {
  const done = all.filter(shard => shard.state === 'done').length;
  const going = all.filter(shard => shard.worker && shard.state !== 'done');
  const workers = new Set(going.map(shard => shard.worker)).size;
  return `${count(all.length, 'shard')}: ${number(done)} done, ${count(workers, 'worker')} at work`;
}

function times(n: number): string {
  return n === 1 ? 'once' : `${number(n)} times`;
}
