/** One answer to a problem: its outcome and why, what was extracted, what it took, and the folds with its texts. */
import {
  IAnnotation,
  annotationsOf,
  statementsOf,
  switchesOf
} from '../model/annotations';
import { IEntry, ITrace, secondsOf, standingOf } from '../model/entry';
import { IMatcher } from '../model/search';
import { IStream } from '../model/stream';
import { count, duration, number } from '../record/format';
import { reasonOf } from '../record/reason';
import { Drawing } from '../record/record';
import { clipped } from '../record/values';
import { flagTitle, flagWord, PHASES } from '../record/vocabulary';
import { oneLine, visible } from '../text/clean';
import { readable } from '../text/readable';
import { valueAsTex } from '../text/tex';
import { CallsView } from './calls';
import { whole } from './clip';
import { el, reconcile, setAttribute, setText } from './dom';
import { EntropyView } from './entropy';
import { ExecutionView } from './execution';
import { GameView } from './game';
import { IHitPlace } from './hits';
import { renderBlock } from './prose';
import { TextFold } from './reasoning';
import { Rule, RulingView } from './ruling';
import { signOf, wordOf } from './standing';
import { TrackView } from './track';
import { TurnsView } from './turns';
import { LazyTypesetter } from './typeset';

/** Flags that are drawn, and characters of a value: what is longer is no value that can be read beside another. */
const MOST_FLAGS = 20;
const LONGEST_VALUE = 2_000;
const LONGEST_DRAWING = 200_000;

/** Which folds are open. */
export interface IFolds {
  reasoning: boolean;
  answer: boolean;
}

export interface IContext {
  typesetter: LazyTypesetter;
  matcher: IMatcher | null;
  trace: (key: string) => ITrace | undefined;
  /** What was seen of a stream, also after its end. */
  stream: (key: string) => IStream | undefined;
  /** What to say where texts are missing: whether they are being fetched, or why they are not to be had. */
  note: (entry: IEntry) => string;
  /** Sends a reader's ruling; null where no kernel takes one. */
  rule: Rule | null;
  /** Texts are shown as typed, without Markdown and formulas. */
  raw?: boolean;
}

export class AttemptView {
  readonly node: HTMLElement;
  /** The first column: what is known of the answer, and the question where the sample has one column more. */
  readonly about: HTMLElement;

  /** `toggled` hears of a fold that the reader opens or closes. */
  constructor(
    typesetter: LazyTypesetter,
    folds: IFolds,
    toggled: (name: keyof IFolds, open: boolean) => void
  ) {
    this._typesetter = typesetter;
    const fold = (name: 'reasoning' | 'answer', title: string): TextFold =>
      new TextFold(title, name === 'reasoning', typesetter, folds[name], open =>
        toggled(name, open)
      );
    this._reasoning = fold('reasoning', 'Reasoning');
    this._answer = fold('answer', 'Answer');
    this._reasoning.setTrack(this._track);
    const column = (name: string, ...nodes: HTMLElement[]): HTMLElement =>
      el('div', { class: `qwq-column qwq-column-${name}` }, ...nodes);
    // Of a wide pane these are columns; in a narrow one they stand below one another.
    this.about = column(
      'about',
      el(
        'div',
        { class: 'qwq-verdict' },
        this._outcome,
        this._repeat,
        this._flags
      ),
      this._why,
      this._ruling.node,
      this._drawing,
      this._values,
      this._track.node,
      this._facts,
      this._error,
      this._game.node,
      this._execution.node,
      this._calls.node,
      this._turns.node
    );
    this.node = el(
      'div',
      { class: 'qwq-attempt' },
      el(
        'div',
        { class: 'qwq-columns' },
        this.about,
        column('answer', this._answer.node)
      ),
      column('reasoning', this._entropy.node, this._reasoning.node)
    );
  }

  update(entry: IEntry, repeats: number, context: IContext): void {
    const { row, stream } = entry;
    const standing = standingOf(entry);
    setText(this._outcome, `${signOf(standing)} ${wordOf(standing)}`);
    setAttribute(this._outcome, 'data-outcome', standing);
    setText(this._repeat, `repeat ${row.repeat}`);
    this._repeat.hidden = repeats < 2;
    reconcile(
      this._flags,
      row.flags.slice(0, MOST_FLAGS),
      flag => flag,
      flag =>
        el(
          'span',
          { class: 'qwq-flag', title: flagTitle(flag) || null },
          oneLine(`⚑ ${flagWord(flag)}`, 60)
        )
    );
    setText(this._why, stream ? PHASES[stream.flight.phase] : reasonOf(row));
    this._updateValues(entry);
    setText(this._facts, factsOf(entry).join(' · '));
    setText(this._error, row.error);
    this._error.hidden = row.error === '' || row.error === row.why;
    this._game.update(stream ? null : row);
    this._ruling.update(row, stream ? null : context.rule);
    this._updateDrawing(row.drawing);
    this._execution.update(stream ? null : row.execution, row.code);
    this._calls.update(stream ? [] : row.calls);
    this._entropy.update(stream ? '' : row.entropy);
    this._turns.update(stream ? [] : row.turns);
    this._updateFolds(entry, context);
  }

  /** Open the reasoning at its first mark of a kind; false where there is none. */
  goToMark(kind: IAnnotation['kind']): boolean {
    return this._reasoning.goToMark(kind);
  }

  /** Open the reasoning, or close it, as if nobody had chosen. */
  setReasoningOpen(open: boolean): void {
    this._reasoning.node.open = open;
  }

  /** Where a search has marked something, in the order of the page. */
  get hitPlaces(): IHitPlace[] {
    return [this._answer, this._reasoning];
  }

  /** Go so many statements of an answer on in the reasoning; false where there is none. */
  goToStatement(steps: number): boolean {
    return this._track.step(steps);
  }

  /** Send the reader's ruling on this answer; false where none can be sent. */
  rule(correct: boolean): boolean {
    return this._ruling.rule(correct);
  }

  /** Undo the last ruling on this answer; false where there is none. */
  undo(): boolean {
    return this._ruling.undo();
  }

  /** Put the cursor into the note; false where none can be written. */
  focusNote(): boolean {
    return this._ruling.focusNote();
  }

  dispose(): void {
    this._reasoning.dispose();
    this._answer.dispose();
  }

  private _updateValues({ row, stream }: IEntry): void {
    // A program is drawn with its tests, calls with those expected: neither has a value to compare.
    const values: [string, string][] =
      row.execution || row.calls.length
        ? []
        : [
            ['gold', clipped(row.gold, LONGEST_VALUE)],
            ['extracted', clipped(row.extracted, LONGEST_VALUE)],
            ['second opinion', clipped(row.second_extracted, LONGEST_VALUE)]
          ];
    // Of values that are not to be had only the extracted one says something: that nothing was.
    const shown = values.filter(
      ([name, value]) => value !== '' || (name === 'extracted' && !stream)
    );
    reconcile(
      this._values,
      shown,
      ([name, value]) => `${name} ${value}`,
      ([name, value]) =>
        el(
          'div',
          {},
          el('dt', {}, name),
          el('dd', { class: 'qwq-value-box' }, this._value(value))
        )
    );
    this._values.hidden = shown.length === 0;
  }

  /** As an image, in which no script runs and nothing is loaded, whatever a notebook holds. */
  private _updateDrawing(drawing: Drawing | null): void {
    const shown =
      drawing !== null &&
      drawing.svg.startsWith('<svg ') &&
      drawing.svg.length <= LONGEST_DRAWING;
    if (!shown) {
      this._drawing.replaceChildren();
      return;
    }
    const source = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing.svg.replace(/[\ud800-\udfff]/g, '?'))}`;
    const words = visible(drawing.alt);
    const image = this._drawing.querySelector('img');
    if (image?.getAttribute('src') !== source || image.alt !== words) {
      const made = el('img', { class: 'qwq-drawing', title: words });
      made.src = source;
      made.alt = words;
      this._drawing.replaceChildren(made);
    }
  }

  /** Typeset where it is LaTeX, with the source to point at; as typed where it is not. */
  private _value(value: string): HTMLElement {
    const formula = valueAsTex(visible(value));
    if (value === '') {
      return el('span', { class: 'qwq-mod-none' }, '–');
    }
    if (formula === null) {
      return el('code', {}, value);
    }
    const node = renderBlock(formula, { start: 0, end: formula.length }, []);
    setAttribute(node, 'title', value);
    this._typesetter.watch(node);
    return node;
  }

  private _updateFolds(entry: IEntry, context: IContext): void {
    const { key, row, stream } = entry;
    const trace = context.trace(key);
    const seen = stream ?? context.stream(key);
    const { matcher, raw = false } = context;
    const note = context.note(entry);
    // Of several turns the tokens are those of all, and each turn says its own.
    const own = (tokens: number): number => (row.turns.length ? 0 : tokens);
    const facts = (tokens: number, missing: number): string[] => [
      ...(tokens ? [count(tokens, 'token')] : []),
      ...(missing
        ? [`${number(missing)} characters left out in the middle`]
        : [])
    ];
    const text = (name: 'reasoning' | 'answer'): string =>
      stream
        ? stream[name].text
        : (trace?.[name] ??
          (row[name] ? whole(row[name]) : (seen?.[name].text ?? '')));
    const missing = (name: 'reasoning' | 'answer'): number =>
      stream || trace ? 0 : (row[name]?.omitted ?? 0);
    const reasoning = text('reasoning');
    const analysis = stream ? null : row.analysis;
    const clip = trace ? null : row.reasoning;
    const track = stream ? null : row.track;
    const isWrong = row.outcome === 'wrong';
    const statements = statementsOf(track, reasoning, clip, isWrong);
    this._track.update({
      statements,
      ending:
        track?.given === null && row.extracted && !row.execution
          ? readable(row.extracted)
          : '',
      endingKind: isWrong
        ? 'given'
        : row.outcome === 'correct'
          ? 'right'
          : 'stated',
      omitted: track?.omitted ?? 0
    });
    this._reasoning.update({
      text: reasoning,
      facts: facts(own(row.reasoning_tokens), missing('reasoning')),
      note,
      gold: row.gold,
      annotations: analysis && annotationsOf(analysis, reasoning, clip),
      switches: switchesOf(analysis, reasoning, clip),
      statements,
      matcher,
      raw
    });
    this._answer.update({
      text: text('answer'),
      facts: facts(own(row.answer_tokens), missing('answer')),
      note: missing('answer') ? note : '',
      gold: '',
      annotations: null,
      switches: null,
      statements: [],
      matcher,
      raw
    });
  }

  private _typesetter: LazyTypesetter;
  private _reasoning: TextFold;
  private _answer: TextFold;
  private _outcome = el('strong', { class: 'qwq-outcome' });
  private _repeat = el('span', { class: 'qwq-repeat' });
  private _flags = el('span', { class: 'qwq-flags' });
  private _why = el('p', { class: 'qwq-why' });
  private _values = el('dl', { class: 'qwq-values' });
  private _facts = el('p', { class: 'qwq-facts' });
  private _execution = new ExecutionView();
  private _calls = new CallsView();
  private _entropy = new EntropyView();
  private _turns = new TurnsView();
  private _game = new GameView();
  private _track = new TrackView(index => this._reasoning.goToStatement(index));
  private _ruling = new RulingView();
  private _drawing = el('div');
  private _error = el('pre', { class: 'qwq-error' });
}

function factsOf(entry: IEntry): string[] {
  const { row, stream } = entry;
  const facts: string[] = [];
  if (stream) {
    facts.push(count(stream.flight.tokens, 'token'));
  } else if (row.reasoning_tokens || row.answer_tokens) {
    facts.push(
      `${number(row.reasoning_tokens)} reasoning + ${number(row.answer_tokens)} answer tokens`
    );
  }
  const seconds = secondsOf(entry);
  if (seconds !== null) {
    facts.push(duration(seconds));
  }
  if (row.ttft_s !== null) {
    facts.push(`first token after ${duration(row.ttft_s)}`);
  }
  const attempts = stream?.flight.attempt ?? row.attempts;
  if (attempts > 1) {
    facts.push(`attempt ${attempts}`);
  }
  if (row.finish_reason) {
    facts.push(oneLine(`finish reason ${row.finish_reason}`, 100));
  }
  return facts;
}
