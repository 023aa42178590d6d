/** What can be done with a run as a whole: stop and pause one that goes on, resume one that has ended before its time. */
import { resumeLine } from '../record/commands';
import { number } from '../record/format';
import { RunRecord } from '../record/record';
import { isLiveState } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { copyText } from './clipboard';
import { button, el, setAttribute, setText } from './dom';

export type Action = 'stop' | 'pause' | 'resume';

/** Sends an action to the kernel that runs the run; rejects with a reason. */
export type Steer = (action: Action) => Promise<void>;

/** The notebook's cell in which a view stands. */
export interface ICell {
  /** The line as it belongs into this notebook. */
  lineFor: (line: string) => string;
  /** Run the line below; false where there is no kernel to run it. */
  run: (line: string) => Promise<boolean>;
}

const SAID_MS = 4_000;

const ACTIONS: Record<Action, [label: string, title: string, going: string]> = {
  stop: [
    'Stop',
    'End the run now; what is finished is kept and can be resumed',
    'stopping…'
  ],
  pause: [
    'Pause',
    'Ask nothing new; streams under way go on to their end',
    'pausing…'
  ],
  resume: ['Resume', 'Go on asking', 'resuming…']
};

export class ControlsView {
  /** Of a run that goes on. */
  readonly buttons: HTMLElement;
  /** Of one that can be resumed, or of which it is not known what became of it. */
  readonly strip: HTMLElement;

  constructor(cell: ICell | null) {
    this._cell = cell;
    for (const action of ['pause', 'resume', 'stop'] as const) {
      const [label, title] = ACTIONS[action];
      this._actions.set(
        action,
        button(label, { class: 'qwq-button', title }, () => this._do(action))
      );
    }
    this.buttons = el(
      'span',
      { class: 'qwq-controls', role: 'group', 'aria-label': 'The run' },
      this._said,
      ...this._actions.values()
    );
    this._resume = button(
      'Resume',
      { class: 'qwq-button qwq-mod-main' },
      () => void this._goOn()
    );
    this._copy = button(
      'Copy line',
      { class: 'qwq-button' },
      () => void this._copyLine()
    );
    this.strip = el(
      'div',
      { class: 'qwq-ended', role: 'status' },
      el('span', { class: 'qwq-ended-said' }, this._word, this._sentence),
      el(
        'span',
        { class: 'qwq-ended-actions' },
        this._resume,
        this._copy,
        this._lineNode
      )
    );
  }

  update(record: RunRecord, standing: { sentence: string } | null): void {
    this._record = record;
    const { state, progress, interrupted } = record;
    if (this._state !== state) {
      this._state = state;
      this._asked = null;
      this._fault = '';
    }
    this._drawButtons();
    const { done, total } = progress;
    const isLeft = !isLiveState(state) && state !== 'complete';
    const line = isLeft ? resumeLine(record.run_dir) : null;
    this._line = line === null ? '' : (this._cell?.lineFor(line) ?? line);
    this.strip.hidden = standing === null && !isLeft;
    if (standing !== null) {
      setText(this._word, '');
      setText(this._sentence, standing.sentence);
    } else if (isLeft) {
      const word =
        state === 'failed'
          ? 'Ended by an error'
          : interrupted
            ? 'Interrupted'
            : 'Stopped';
      setText(this._word, word);
      setText(
        this._sentence,
        total ? `, ${number(done)} of ${number(total)}` : ''
      );
    }
    this._resume.hidden = this._line === '' || this._cell === null;
    this._copy.hidden = this._line === '';
    this._lineNode.hidden = this._line === '';
    setText(this._lineNode, oneLine(this._line, 400));
    setAttribute(this._resume, 'title', `Run it here: ${oneLine(this._line)}`);
  }

  /** Null: the run is not steered from here. */
  setSteer(steer: Steer | null): void {
    this._steer = steer;
    this._drawButtons();
  }

  private _drawButtons(): void {
    const state = this._record?.state ?? '';
    const isHere = this._steer !== null && isLiveState(state);
    this.buttons.hidden = !isHere;
    const can: Record<Action, boolean> = {
      stop: true,
      pause: state === 'running',
      resume: state === 'paused'
    };
    for (const [action, node] of this._actions) {
      // Of Pause and Resume one is there: a button that can do nothing says nothing.
      node.hidden =
        action !== 'stop' && (action === 'resume') !== (state === 'paused');
      node.disabled = !can[action] || this._asked !== null;
    }
    setText(
      this._said,
      this._fault || (this._asked === null ? '' : ACTIONS[this._asked][2])
    );
  }

  private async _do(action: Action): Promise<void> {
    this._asked = action;
    this._fault = '';
    this._drawButtons();
    try {
      await this._steer?.(action);
    } catch (error) {
      this._asked = null;
      this._fault = oneLine(
        error instanceof Error ? error.message : String(error),
        160
      );
      this._drawButtons();
    }
  }

  private async _goOn(): Promise<void> {
    this._resume.disabled = true;
    try {
      if (!(await this._cell!.run(this._line))) {
        await this._copyLine('No kernel here: line copied');
      }
    } finally {
      this._resume.disabled = false;
    }
  }

  private async _copyLine(said = 'Copied'): Promise<void> {
    const done = await copyText(this._line);
    setText(this._copy, done ? said : 'Not copied: the browser forbids it');
    window.setTimeout(() => setText(this._copy, 'Copy line'), SAID_MS);
  }

  private _cell: ICell | null;
  private _steer: Steer | null = null;
  private _record: RunRecord | null = null;
  private _state = '';
  private _asked: Action | null = null;
  private _fault = '';
  private _line = '';
  private _actions = new Map<Action, HTMLButtonElement>();
  private _said = el('span', { class: 'qwq-controls-said', role: 'status' });
  private _word = el('strong');
  private _sentence = el('span');
  private _resume: HTMLButtonElement;
  private _copy: HTMLButtonElement;
  private _lineNode = el('code', { class: 'qwq-ended-line' });
}
