/** Accuracy by subset: a bar with the whiskers of its interval, and every other outcome as a column of its own. */
import { subsetKey } from '../model/entry';
import {
  estimatedFrom,
  number,
  percent,
  rowInterval,
  rowScore
} from '../record/format';
import { RunRecord, SubsetRow } from '../record/record';
import { asText, inWords } from '../record/values';
import { outcomeWord } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { button, el, moreOf, reconcile, setAttribute, setText } from './dom';

/** Rows that are drawn: every one is two dozen elements. The largest benchmarks have some sixty subsets. */
const MOST_ROWS = 500;

interface IColumn {
  name: string;
  /** In full, for who points at it. */
  title: string;
  value: (row: SubsetRow) => string;
  /** Whether the column stands only where one of its values is not 0. */
  rare?: boolean;
}

const zero = (n: number): string => (n === 0 ? '0' : number(n));

const COLUMNS: IColumn[] = [
  { name: 'n', title: 'samples × repeats planned', value: r => number(r.n) },
  { name: outcomeWord('correct'), title: '', value: r => zero(r.correct) },
  { name: outcomeWord('wrong'), title: '', value: r => zero(r.wrong) },
  {
    name: outcomeWord('truncated'),
    title: 'cut by the token limit, counted as not correct',
    value: r => zero(r.truncated)
  },
  {
    name: outcomeWord('no_answer'),
    title: 'finished, but nothing could be extracted',
    value: r => zero(r.no_answer)
  },
  {
    name: outcomeWord('not_gradable'),
    title: 'the grader gave up',
    value: r => zero(r.not_gradable),
    rare: true
  },
  {
    name: 'errors',
    title: 'the endpoint failed after all retries; not counted as wrong',
    value: r => zero(r.errors)
  },
  {
    name: outcomeWord('pending'),
    title: 'not asked yet, or interrupted',
    value: r => zero(r.pending),
    rare: true
  },
  {
    name: outcomeWord('awaiting_ruling'),
    title:
      'no reference to grade against: left out of the accuracy until run.rule',
    value: r => zero(r.awaiting_ruling),
    rare: true
  },
  {
    name: 'reasoning',
    title: 'mean reasoning tokens of the finished',
    value: r => number(r.mean_reasoning_tokens)
  },
  {
    name: 'answer',
    title: 'mean answer tokens of the finished',
    value: r => number(r.mean_answer_tokens)
  },
  {
    name: 'first token',
    title: 'median time to first token',
    value: r => (r.ttft_p50_s === null ? '–' : `${number(r.ttft_p50_s, 2)} s`)
  },
  {
    name: 'tokens/s',
    title: 'median tokens a second of one stream',
    value: r => number(r.tokens_per_s_p50, 1)
  }
];

interface IReference {
  score: number;
  model: string;
  source: string;
}

export class TableView {
  readonly node: HTMLElement;

  /** `choose` is called with the place (see `subsetKey`) whose name was clicked; `all` with the benchmark alone. */
  constructor(choose: (benchmark: string, subset: string) => void) {
    this._choose = choose;
    this.node = el(
      'div',
      {
        class: 'qwq-table',
        tabindex: 0,
        role: 'region',
        'aria-label': 'Results'
      },
      el('table', {}, this._caption, el('thead', {}, this._head), this._body),
      this._more
    );
  }

  update(record: RunRecord): void {
    const all = rowsOf(record);
    const rows = all.slice(0, MOST_ROWS);
    const shown = COLUMNS.filter(
      column =>
        !column.rare ||
        rows.some(row => !['0', '–'].includes(column.value(row)))
    );
    const references = referencesOf(record);
    const several = record.benchmarks.length > 1;
    const degrees = rows.some(row => row.metric !== '');
    const signature = JSON.stringify([
      shown.map(column => column.name),
      degrees,
      references.size > 0,
      several
    ]);
    if (signature !== this._signature) {
      this._signature = signature;
      this._body.replaceChildren();
      this._drawHead(shown, references.size > 0, degrees);
    }
    reconcile(
      this._body,
      rows,
      subsetKey,
      row => this._makeRow(row, shown, references.size > 0, several),
      (node, row) =>
        updateRow(node, row, shown, references.get(subsetKey(row)) ?? null)
    );
    setText(
      this._caption,
      'Accuracy by subset, with 95 % intervals; “all” is for all problems of the benchmark, ' +
        'exact where each was asked (in brackets the interval for problems like them)' +
        (degrees
          ? '; where a score is not 0 or 1 its mean, with its interval'
          : '') +
        (references.size > 0 ? '; dotted: the published score' : '')
    );
    this.node.hidden = rows.length === 0;
    this._more.hidden = all.length === rows.length;
    setText(this._more, moreOf(all.length - rows.length, 'subset'));
  }

  private _drawHead(
    columns: IColumn[],
    references: boolean,
    degrees: boolean
  ): void {
    const head = (name: string, title: string, kind = ''): HTMLElement =>
      el('th', { scope: 'col', class: kind, title: title || null }, name);
    this._head.replaceChildren(
      head('subset', '', 'qwq-mod-name'),
      head(
        degrees ? 'score' : 'accuracy',
        'correct of all but errors and pending' +
          (degrees ? ', or the mean of scores that are not 0 or 1' : ''),
        'qwq-mod-bar'
      ),
      head('of finished', 'the same, the truncated left out'),
      ...(references
        ? [
            head(
              'published',
              'for orientation: prompts, sampling and graders differ'
            )
          ]
        : []),
      ...columns.map(({ name, title }) => head(name, title))
    );
  }

  private _makeRow(
    row: SubsetRow,
    columns: IColumn[],
    references: boolean,
    several: boolean
  ): HTMLElement {
    const all = row.subset === 'all';
    const { benchmark, subset } = row;
    const name = oneLine(all && several ? benchmark : subset, 100);
    const node = el(
      'tr',
      { class: all ? 'qwq-mod-all' : null },
      el(
        'th',
        { scope: 'row', class: 'qwq-mod-name' },
        button(
          name,
          {
            class: 'qwq-link',
            title: oneLine(`Show the samples of ${benchmark}, ${subset}`)
          },
          () => this._choose(benchmark, subset)
        )
      ),
      el(
        'td',
        { class: 'qwq-mod-bar' },
        el(
          'div',
          { class: 'qwq-accuracy' },
          el('span', { class: 'qwq-value' }),
          el(
            'div',
            { class: 'qwq-track', 'aria-hidden': 'true' },
            el('span', { class: 'qwq-fill' }),
            el('span', { class: 'qwq-whisker' }),
            el('span', { class: 'qwq-published' })
          ),
          el('span', { class: 'qwq-interval' })
        ),
        el('span', { class: 'qwq-metric', hidden: true }),
        el('span', { class: 'qwq-estimate', hidden: true })
      ),
      el('td'),
      references && el('td'),
      ...columns.map(() => el('td'))
    );
    return node;
  }

  private _choose: (benchmark: string, subset: string) => void;
  private _caption = el('caption');
  private _head = el('tr');
  private _more = el('p', { class: 'qwq-more', hidden: true });
  private _body = el('tbody');
  private _signature = '';
}

function updateRow(
  node: HTMLElement,
  row: SubsetRow,
  columns: IColumn[],
  reference: IReference | null
): void {
  const [, bar, ...cells] = [...node.children] as HTMLElement[];
  updateBar(bar, row, reference);
  setText(cells[0], percent(row.accuracy_finished));
  const rest = cells.slice(cells.length - columns.length);
  if (cells.length > columns.length + 1) {
    setText(cells[1], reference === null ? '–' : percent(reference.score));
    const said = reference && `${reference.model}: ${reference.source}`;
    setAttribute(cells[1], 'title', said);
  }
  columns.forEach((column, index) => {
    const value = column.value(row);
    setText(rest[index], value);
    rest[index].classList.toggle(
      'qwq-mod-none',
      value === '0' || value === '–'
    );
  });
}

function updateBar(
  cell: HTMLElement,
  row: SubsetRow,
  reference: IReference | null
): void {
  const find = (name: string): HTMLElement =>
    cell.querySelector(`.qwq-${name}`)!;
  const place = (share: number): string =>
    `${(100 * Math.min(Math.max(share, 0), 1)).toFixed(2)}%`;
  const { ci_low: low, ci_high: high } = row;
  const score = row.metric === '' ? row.accuracy : row.mean_score;
  setText(find('value'), rowScore(row));
  find('fill').style.width = place(score ?? 0);
  const whisker = find('whisker');
  whisker.hidden = low === null || high === null;
  if (low !== null && high !== null) {
    whisker.style.left = place(low);
    whisker.style.width = place(high - Math.max(low, 0));
  }
  const published = find('published');
  published.hidden = reference === null;
  published.style.left = place(reference?.score ?? 0);
  setText(find('interval'), rowInterval(row));
  setText(find('metric'), row.metric && `mean ${oneLine(row.metric, 60)}`);
  find('metric').hidden = row.metric === '';
  const estimate = estimatedFrom(row);
  setText(find('estimate'), estimate);
  find('estimate').hidden = estimate === '';
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

/** The published score that stands beside each row; of several the first. */
function referencesOf(record: RunRecord): Map<string, IReference> {
  const found = new Map<string, IReference>();
  for (const item of record.references) {
    const { benchmark, subset, score, model, source } = item;
    const key = subsetKey({
      benchmark: asText(benchmark),
      subset: asText(subset ?? 'all')
    });
    if (typeof score === 'number' && !found.has(key)) {
      found.set(key, {
        score,
        model: inWords(model),
        source: inWords(source)
      });
    }
  }
  return found;
}
