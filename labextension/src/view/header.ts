/** The head of a run: what was asked of whom, how it stands, and what a reader must know. */
import { repeatScores } from '../model/columns';
import {
  costFacts,
  count,
  duration,
  number,
  outcomeCount,
  roughDuration,
  sampling
} from '../record/format';
import { RunRecord } from '../record/record';
import { asNumber, Json } from '../record/values';
import {
  DEMO_NOTICE,
  isLiveState,
  Outcome,
  OUTCOMES,
  outcomeSign
} from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { ControlsView, ICell } from './controls';
import { el, moreOf, reconcile, setAttribute, setText } from './dom';
import { ShardsView } from './shards';

/** Notes that are drawn; a run has a handful. */
const MOST_NOTES = 50;
/** Characters of the model's name and of the benchmarks' names. */
const LONGEST_NAME = 120;
/** Characters of a note, and of a value of the setup. */
const LONGEST_NOTE = 1_000;

const SETUP: [string, (record: RunRecord) => string][] = [
  ['endpoint', r => r.endpoint],
  ['URL', r => r.url],
  ['sampling', r => sampling(r)],
  ['data', r => r.data],
  ['limit', r => (r.limit === null ? 'all' : number(r.limit))],
  ['repeats', r => number(r.repeats)],
  ['seed', r => String(r.seed)],
  ['concurrency', r => number(r.concurrency)],
  ['started', r => r.created],
  ['updated', r => r.updated],
  [
    'versions',
    r =>
      Object.entries(r.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')
  ],
  ['run folder', r => r.run_dir],
  ['command', r => (/^%qwq_\w+ /.test(r.command) ? r.command : '')]
];

/** What is said of the run in the place of its record's own state. */
export interface IStanding {
  word: string;
  sentence: string;
}

export class HeaderView {
  readonly node: HTMLElement;
  /** The buttons of a run that goes on, and the line of one that can be resumed. */
  readonly controls: ControlsView;

  constructor(cell: ICell | null) {
    this.controls = new ControlsView(cell);
    this._demo = el(
      'div',
      { class: 'qwq-demo', role: 'note' },
      el('strong', {}, '⚠ DEMO'),
      ` ${DEMO_NOTICE}`
    );
    this._bar = el('div', {
      class: 'qwq-bar',
      role: 'progressbar',
      'aria-label': 'samples done',
      'aria-valuemin': 0
    });
    this.node = el(
      'div',
      { class: 'qwq-header' },
      this._demo,
      el(
        'div',
        { class: 'qwq-title' },
        this._model,
        this._benchmarks,
        this._state,
        this.controls.buttons
      ),
      this.controls.strip,
      this._meta,
      this._bar,
      this._progress,
      this._shards.node,
      this._scores,
      this._waiting,
      this._notes,
      el(
        'details',
        { class: 'qwq-fold qwq-setup' },
        el('summary', {}, 'How it was run'),
        this._setup
      )
    );
  }

  update(record: RunRecord, standing: IStanding | null = null): void {
    this._demo.hidden = !record.demo;
    setText(this._model, oneLine(record.model, LONGEST_NAME));
    setText(
      this._benchmarks,
      oneLine(record.benchmarks.join(', '), LONGEST_NAME)
    );
    setText(this._state, standing?.word ?? stateWord(record));
    this.controls.update(record, standing);
    setAttribute(this._state, 'data-state', record.state);
    const parts = [record.endpoint, sampling(record)];
    if (record.repeats > 1) {
      parts.push(`${number(record.repeats)} repeats`);
    }
    const meta = parts.filter(part => part).map(part => oneLine(part));
    setText(this._meta, meta.join(' · '));
    this._updateBar(record);
    setText(this._progress, oneLine(progressLine(record), LONGEST_NOTE));
    this._shards.update(record);
    const scores = repeatScores(record.table).join(' · ');
    setText(this._scores, oneLine(scores, LONGEST_NOTE));
    this._scores.hidden = scores === '';
    const waiting = waitingFor(record);
    setText(this._reason, oneLine(waiting, LONGEST_NOTE));
    this._waiting.hidden = waiting === '';
    // Kernels say it among the notes too, for views that have no other place for it.
    const notes = record.notes
      .filter(note => note !== waiting)
      .map(note => withoutLine(note, record.command));
    const drawn = notes
      .slice(0, MOST_NOTES)
      .map(note => oneLine(note, LONGEST_NOTE));
    if (notes.length > MOST_NOTES) {
      drawn.push(moreOf(notes.length - MOST_NOTES, 'note'));
    }
    reconcile(
      this._notes,
      drawn.map((note, index) => ({ note, key: `${index} ${note}` })),
      ({ key }) => key,
      ({ note }) => el('li', {}, note)
    );
    this._notes.hidden = notes.length === 0;
    reconcile(
      this._setup,
      SETUP.filter(([, value]) => value(record) !== ''),
      ([name]) => name,
      ([name]) => el('div', {}, el('dt', {}, name), el('dd')),
      (node, [, value]) =>
        setText(node.lastElementChild!, oneLine(value(record), LONGEST_NOTE))
    );
  }

  private _updateBar(record: RunRecord): void {
    const { total, done, step } = record.progress;
    const counts = outcomeCounts(record);
    // While nothing is counted the bar moves by itself: without a value, as the ARIA role has it.
    const uncounted = total === 0 && isLiveState(record.state);
    setAttribute(this._bar, 'data-uncounted', uncounted);
    setAttribute(this._bar, 'aria-valuemax', uncounted ? null : total);
    setAttribute(this._bar, 'aria-valuenow', uncounted ? null : done);
    setAttribute(
      this._bar,
      'aria-valuetext',
      uncounted ? oneLine(step || record.state) : `${done} of ${total}`
    );
    reconcile(
      this._bar,
      [...counts].filter(([, n]) => n > 0),
      ([outcome]) => outcome,
      ([outcome]) => el('span', { 'data-outcome': outcome }),
      (node, [outcome, n]) => {
        node.style.flexGrow = String(n);
        setAttribute(
          node,
          'title',
          `${outcomeSign(outcome)} ${outcomeCount(outcome, n)}`
        );
      }
    );
  }

  private _demo: HTMLElement;
  private _bar: HTMLElement;
  private _model = el('strong', { class: 'qwq-model' });
  private _benchmarks = el('span', { class: 'qwq-benchmarks' });
  private _state = el('span', { class: 'qwq-state' });
  private _meta = el('div', { class: 'qwq-meta' });
  private _progress = el('div', { class: 'qwq-progress' });
  private _shards = new ShardsView();
  private _scores = el('div', { class: 'qwq-repeat-scores', hidden: true });
  private _reason = el('span');
  private _waiting = el(
    'div',
    { class: 'qwq-waiting', role: 'status' },
    el('strong', {}, 'Waiting: '),
    this._reason
  );
  private _notes = el('ul', { class: 'qwq-notes' });
  private _setup = el('dl', { class: 'qwq-settings' });
}

/** Of all benchmarks together, from the rows of subsets: some stand apart from the row `all`. */
function outcomeCounts(record: RunRecord): Map<Outcome, number> {
  const counts = new Map<Outcome, number>();
  const divided = new Set(
    record.table.filter(row => row.subset !== 'all').map(row => row.benchmark)
  );
  for (const outcome of OUTCOMES) {
    const field = outcome === 'error' ? 'errors' : outcome;
    const n = record.table
      .filter(row => row.subset !== 'all' || !divided.has(row.benchmark))
      .reduce((sum, row) => sum + asNumber((row as Json)[field]), 0);
    counts.set(outcome, n);
  }
  return counts;
}

/** Why nothing is asked now and what there is to do, or empty; of a run that has ended, nothing. */
function waitingFor(record: RunRecord): string {
  return isLiveState(record.state) ? record.progress.waiting : '';
}

/** The state in a word or two; a run that its user paused is not one that waits for its endpoint. */
export function stateWord(record: RunRecord): string {
  if (record.state === 'paused' && record.progress.waiting) {
    return 'waiting for the endpoint';
  }
  return record.interrupted && record.state === 'stopped'
    ? 'interrupted'
    : record.state;
}

/** The note without the line that resumes the run: that stands above, with a button. */
function withoutLine(note: string, line: string): string {
  const end = ` To go on: ${line}`;
  return line && note.endsWith(end) ? note.slice(0, -end.length) : note;
}

export function progressLine(record: RunRecord): string {
  const now = record.progress;
  if (now.total === 0 && isLiveState(record.state)) {
    return `${now.step || record.state}…`;
  }
  const facts = [`${number(now.done)} of ${number(now.total)} done`];
  if (now.reused) {
    facts.push(`${number(now.reused)} of them from an earlier call`);
  }
  if (now.errors) {
    facts.push(count(now.errors, 'error'));
  }
  if (now.retries) {
    facts.push(count(now.retries, 'retry', 'retries'));
  }
  if (!isLiveState(record.state)) {
    // A run of another tool may not say how long it took.
    const time = now.elapsed_s ? [duration(now.elapsed_s)] : [];
    facts.push([...time, count(now.tokens, 'token')].join(', '));
    if (now.tokens_per_s > 0) {
      facts.push(`${number(now.tokens_per_s)} tokens/s`);
    }
    facts.push(...costFacts(record));
    return facts.join(' · ');
  }
  facts.push(`${number(now.in_flight)} in flight`);
  if (now.grading) {
    facts.push(`${number(now.grading)} being graded`);
  }
  facts.push(`${number(now.tokens_per_s)} tokens/s`);
  // A run that is paused or waits takes as long as that lasts.
  if (now.eta_s !== null && record.state === 'running') {
    const problems = now.problems_left
      ? `${count(now.problems_left, 'problem')}, `
      : '';
    facts.push(`${problems}${roughDuration(now.eta_s)} left`);
  }
  facts.push(...costFacts(record));
  if (now.step) {
    facts.push(now.step);
  }
  return facts.join(' · ');
}
