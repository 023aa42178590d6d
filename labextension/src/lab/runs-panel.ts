/** The side panel "QwQ runs": the runs beside the notebook, and how each stands. */
import { Clipboard } from '@jupyterlab/apputils';
import { copyIcon, refreshIcon } from '@jupyterlab/ui-components';
import { Contents } from '@jupyterlab/services';
import { Message } from '@lumino/messaging';
import { Poll } from '@lumino/polling';
import { Widget } from '@lumino/widgets';

import { count, number } from '../record/format';
import { IRun } from '../record/manifest';
import { button, el, reconcile, setAttribute, setText } from '../view/dom';
import { RUNS, runsFolder } from './files';
import { FolderFollower } from './folder';
import { runIcon } from './icon';
import { IListing, RunListing } from './listing';
import {
  isSilent,
  labelOf,
  lineToCopy,
  scoreLines,
  stateLine,
  unreadLine
} from './run-text';
import { DEFAULTS } from './settings';

const SAID_FOR = 4_000; // milliseconds
const LONGEST = 3_600_000; // milliseconds
/** A listing that took longer than this is work for the server: the next waits for five times as long, or so long. */
const SLOW = 3_000; // milliseconds
const LONGEST_REST = 15_000;

export class RunsPanel extends Widget {
  /** `open` shows a run in the viewer. */
  constructor(
    contents: Contents.IManager,
    follower: FolderFollower,
    open: (run: IRun) => void
  ) {
    super();
    this.id = 'qwq-nb-runs';
    this.addClass('qwq-RunsPanel');
    this.title.icon = runIcon;
    this.title.caption = 'QwQ runs';
    this._listing = new RunListing(contents);
    this._follower = follower;
    this._open = open;
    const refresh = button(
      '',
      {
        class: 'qwq-runs-button',
        title: 'Refresh',
        'aria-label': 'Refresh the runs'
      },
      () => void this.refresh()
    );
    refreshIcon.element({
      container: refresh,
      tag: 'span',
      stylesheet: 'toolbarButton'
    });
    this.node.append(
      el(
        'header',
        { class: 'qwq-runs-head' },
        el('h2', {}, 'QwQ runs'),
        refresh
      ),
      this._place,
      this._problem,
      this._list,
      this._empty,
      this._unread,
      this._status
    );
    setAttribute(this.node, 'role', 'region');
    setAttribute(this.node, 'aria-label', 'QwQ runs');
    this._list.addEventListener('keydown', event => this._onKey(event));
    this._poll = new Poll({
      name: 'qwq-nb:runs',
      auto: false,
      factory: () => this._read(),
      frequency: {
        interval: 1000 * DEFAULTS.refreshSeconds,
        max: LONGEST,
        backoff: true
      },
      standby: () => (this.isVisible ? 'when-hidden' : true)
    });
    follower.changed.connect(this._onMoved, this);
  }

  /** The runs that are listed, newest first. */
  get runs(): readonly IRun[] {
    return this._shown.runs;
  }

  set refreshSeconds(seconds: number) {
    const interval = 1000 * seconds;
    if (interval !== this._poll.frequency.interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
    }
  }

  /** Read every manifest again. Also where the panel is hidden: somebody asks for the runs. */
  async refresh(): Promise<void> {
    this._anew = true;
    await this._read();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._follower.changed.disconnect(this._onMoved, this);
      this._poll.dispose();
      window.clearTimeout(this._silence);
      super.dispose();
    }
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._wake();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._wake();
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector('button')?.focus();
    this._seeksRun = true;
    this._focusRun();
  }

  private _wake(): void {
    if (this.isVisible) {
      void this._poll.start().then(() => this._poll.refresh());
    }
  }

  /** To the first run, or as soon as there is one if the reader is still here. */
  private _focusRun(): void {
    const first = this.node.querySelector<HTMLElement>('.qwq-runs-open');
    if (this._seeksRun && first !== null) {
      this._seeksRun = false;
      if (this.node.contains(document.activeElement)) {
        first.focus();
      }
    }
  }

  private _onMoved(): void {
    if (this.isVisible) {
      void this._poll.refresh();
    }
  }

  private async _read(): Promise<void> {
    const anew = this._anew;
    this._anew = false;
    const root = runsFolder(this._follower.folder);
    const started = performance.now();
    if (!anew && root === this._root && started < this._restsUntil) {
      return;
    }
    this._root = root;
    const listing = await this._listing.read(root, anew);
    const took = performance.now() - started;
    this._restsUntil =
      took > SLOW ? performance.now() + Math.min(5 * took, LONGEST_REST) : 0;
    if (!this.isDisposed && root === runsFolder(this._follower.folder)) {
      this._shown = listing;
      this._draw(root, listing);
    }
  }

  private _draw(root: string, { runs, unread, left, problem }: IListing): void {
    setText(this._place, root);
    setAttribute(this._place, 'title', `The runs in ${root}`);
    setText(this._problem, problem);
    this._problem.hidden = problem === '';
    this._empty.hidden = runs.length + unread.length > 0 || problem !== '';
    setText(this._unread, unreadLine(unread));
    this._unread.hidden = unread.length === 0;
    const now = Date.now();
    reconcile(
      this._list,
      runs,
      run => run.folder,
      run => this._make(run.folder),
      (node, run) => drawRun(node, run, now)
    );
    this._focusRun();
    if (!this._silence) {
      const more = left
        ? ` ${number(left)} older folders are not looked into.`
        : '';
      setText(
        this._status,
        runs.length ? count(runs.length, 'run') + more : ''
      );
    }
  }

  private _make(folder: string): HTMLElement {
    const find = (): IRun | undefined =>
      this._shown.runs.find(run => run.folder === folder);
    const open = el(
      'button',
      { type: 'button', class: 'qwq-runs-open' },
      el('span', { class: 'qwq-runs-name' }),
      el('span', { class: 'qwq-runs-state' }),
      el('span', { class: 'qwq-runs-scores' }),
      el('span', { class: 'qwq-runs-model' })
    );
    open.addEventListener('click', () => {
      const run = find();
      if (run) {
        this._open(run);
      }
    });
    const copy = button('', { class: 'qwq-runs-button qwq-runs-copy' }, () => {
      const run = find();
      const line = run && lineToCopy(run, Date.now()).line;
      if (line) {
        Clipboard.copyToSystem(line);
        this._say(`Copied: ${line}`);
      }
    });
    copyIcon.element({
      container: copy,
      tag: 'span',
      stylesheet: 'toolbarButton'
    });
    return el('li', { class: 'qwq-runs-item' }, open, copy);
  }

  /** Say it where screen readers hear it, for a while. */
  private _say(sentence: string): void {
    setText(this._status, sentence);
    window.clearTimeout(this._silence);
    this._silence = window.setTimeout(() => {
      this._silence = 0;
      setText(this._status, count(this._shown.runs.length, 'run'));
    }, SAID_FOR);
  }

  /** Arrow keys go from run to run. */
  private _onKey(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      const all = [
        ...this._list.querySelectorAll<HTMLElement>('.qwq-runs-open')
      ];
      const item = document.activeElement?.closest('.qwq-runs-item');
      const at = all.findIndex(open => open.parentElement === item);
      all[Math.min(Math.max(at + step, 0), all.length - 1)]?.focus();
      event.preventDefault();
    }
  }

  private _listing: RunListing;
  private _follower: FolderFollower;
  private _open: (run: IRun) => void;
  private _poll: Poll;
  private _shown: IListing = {
    runs: [],
    unread: [],
    left: 0,
    problem: ''
  };
  private _anew = false;
  private _root = '';
  /** As performance.now() counts. */
  private _restsUntil = 0;
  private _seeksRun = false;
  private _silence = 0;
  private _place = el('p', { class: 'qwq-runs-place' });
  private _problem = el('p', {
    class: 'qwq-runs-problem',
    role: 'alert',
    hidden: true
  });
  private _list = el('ul', { class: 'qwq-runs-list', 'aria-label': 'Runs' });
  private _empty = el(
    'p',
    { class: 'qwq-runs-empty', hidden: true },
    'No runs here yet. ',
    el('code', {}, '%qwq_eval math_500'),
    ` in a notebook of this folder makes one, in ${RUNS}; `,
    el('code', {}, '--demo'),
    ' needs no endpoint.'
  );
  private _unread = el('p', {
    class: 'qwq-runs-unread',
    role: 'status',
    hidden: true
  });
  private _status = el('p', { class: 'qwq-runs-status', role: 'status' });
}

function drawRun(node: HTMLElement, run: IRun, now: number): void {
  const [open, copy] = node.children;
  const [name, state, scores, model] =
    open.children as unknown as HTMLElement[];
  setAttribute(node, 'data-state', isSilent(run, now) ? 'silent' : run.state);
  const label = labelOf(run);
  setText(name, label);
  setText(state, stateLine(run, now));
  reconcile(
    scores,
    scoreLines(run),
    ([benchmark]) => benchmark,
    ([benchmark]) =>
      el('span', {}, el('span', {}, benchmark), el('strong', {})),
    (line, [, score]) => setText(line.lastElementChild!, score)
  );
  reconcile(
    model,
    [...(run.demo ? ['demo'] : []), ...(run.model ? ['model'] : [])],
    kind => kind,
    kind =>
      kind === 'demo'
        ? el('strong', { class: 'qwq-runs-demo' }, 'DEMO')
        : el('span'),
    (part, kind) => setText(part, kind === 'demo' ? 'DEMO' : run.model)
  );
  setAttribute(
    open,
    'title',
    `Open ${label}, last written ${run.updated || '?'}`
  );
  const { line, does } = lineToCopy(run, now);
  (copy as HTMLElement).hidden = line === null;
  setAttribute(copy, 'title', `Copy the line that ${does} it: ${line ?? ''}`);
  setAttribute(copy, 'aria-label', `Copy the line that ${does} ${label}`);
}
