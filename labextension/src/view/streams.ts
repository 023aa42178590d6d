/** What is in flight, in a strip of its own: a line a sample, with a meter of its tokens. The list is for results. */
import { IEntry } from '../model/entry';
import { count, duration, number } from '../record/format';
import { RunRecord } from '../record/record';
import { asNumber } from '../record/values';
import { PHASES } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { el, reconcile, setAttribute, setText, uniqueId } from './dom';

const STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowUp: -1,
  ArrowRight: 1,
  ArrowDown: 1
};

export class StreamsView {
  readonly node: HTMLElement;

  constructor(choose: (key: string) => void) {
    this._choose = choose;
    this._lines = el('div', {
      class: 'qwq-streams-lines',
      role: 'listbox',
      tabindex: 0,
      'aria-label': 'In flight'
    });
    this.node = el('div', { class: 'qwq-streams' }, this._head, this._lines);
    this.node.hidden = true;
    this._lines.addEventListener('click', event => {
      const line = (event.target as Element).closest<HTMLElement>(
        '.qwq-stream'
      );
      if (line?.dataset.key) {
        this._choose(line.dataset.key);
      }
    });
    this._lines.addEventListener('keydown', event => {
      const steps = STEPS[event.key];
      if (steps && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        event.stopPropagation();
        this._move(steps);
      }
    });
  }

  /** `active`: the sample that is shown. */
  update(entries: IEntry[], record: RunRecord, active: string | null): void {
    this._entries = entries;
    this._record = record;
    this._active = active;
    this.node.hidden = entries.length === 0;
    if (entries.length === 0) {
      return;
    }
    setText(this._head, headOf(entries, record));
    // Against the longest there is: of 32,768 tokens, most are a hairline.
    const most = Math.max(
      1,
      ...entries.map(({ stream }) => stream!.flight.tokens)
    );
    const limit = asNumber(record.sampling.max_tokens);
    const several = new Set(entries.map(({ row }) => row.benchmark)).size > 1;
    reconcile(
      this._lines,
      entries,
      ({ key }) => key,
      () => make(),
      (node, { key, row, stream }) => {
        const { phase, tokens, elapsed_s, attempt } = stream!.flight;
        const [id, said, meter, counted, time] = [
          ...node.children
        ] as HTMLElement[];
        const prefix = `${row.benchmark}/`;
        const short = row.id.startsWith(prefix) && !several;
        const name = oneLine(short ? row.id.slice(prefix.length) : row.id, 200);
        const isActive = key === active;
        setAttribute(node, 'aria-selected', String(isActive));
        setAttribute(node, 'data-phase', phase);
        setText(id, row.repeat ? `${name} · repeat ${row.repeat}` : name);
        setText(
          said,
          attempt > 1 ? `${PHASES[phase]}, attempt ${attempt}` : PHASES[phase]
        );
        (meter.firstElementChild as HTMLElement).style.width =
          `${((100 * tokens) / most).toFixed(1)}%`;
        setText(counted, `${number(tokens)} tok`);
        setText(time, duration(elapsed_s));
        setAttribute(
          node,
          'title',
          limit
            ? `${count(tokens, 'token')} of at most ${number(limit)}`
            : count(tokens, 'token')
        );
        if (isActive) {
          this._activeNode = node;
        }
      }
    );
    const isHere = entries.some(({ key }) => key === active);
    setAttribute(
      this._lines,
      'aria-activedescendant',
      (isHere && this._activeNode?.id) || null
    );
  }

  /** Another sample is shown. */
  mark(active: string | null): void {
    if (this._record !== null) {
      this.update(this._entries, this._record, active);
    }
  }

  private _move(steps: number): void {
    const at = this._entries.findIndex(({ key }) => key === this._active);
    const last = this._entries.length - 1;
    const to = at < 0 ? 0 : Math.min(Math.max(at + steps, 0), last);
    this._choose(this._entries[to].key);
    this._activeNode?.scrollIntoView({ block: 'nearest' });
  }

  private _choose: (key: string) => void;
  private _head = el('div', { class: 'qwq-streams-head' });
  private _lines: HTMLElement;
  private _entries: IEntry[] = [];
  private _record: RunRecord | null = null;
  private _active: string | null = null;
  private _activeNode: HTMLElement | null = null;
}

/** `64 in flight: 58 reasoning, 6 answering · the 32 oldest are shown`. */
function headOf(entries: IEntry[], record: RunRecord): string {
  const phases = new Map<string, number>();
  for (const { stream } of entries) {
    const word = PHASES[stream!.flight.phase];
    phases.set(word, (phases.get(word) ?? 0) + 1);
  }
  const shown = [...phases].map(([word, n]) => `${number(n)} ${word}`);
  const graded = entries.filter(
    ({ stream }) => stream!.flight.phase === 'grading'
  ).length;
  const streams = entries.length - graded;
  const all = Math.max(record.progress.in_flight, streams);
  return all > streams
    ? `${number(all)} in flight · the ${number(streams)} oldest are shown: ${shown.join(', ')}`
    : `${number(all)} in flight: ${shown.join(', ')}`;
}

function make(): HTMLElement {
  const part = (name: string): HTMLElement =>
    el('span', { class: `qwq-stream-${name}` });
  const meter = part('meter');
  meter.append(el('span'));
  setAttribute(meter, 'aria-hidden', 'true');
  return el(
    'div',
    { class: 'qwq-stream', role: 'option', id: uniqueId() },
    part('id'),
    part('said'),
    meter,
    part('tokens'),
    part('time')
  );
}
