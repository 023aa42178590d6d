/** The side panel "QwQ runs": the runs beside the notebook, and how each stands. */
import { Clipboard, Dialog, showDialog } from '@jupyterlab/apputils';
import { refreshIcon } from '@jupyterlab/ui-components';
import { Contents } from '@jupyterlab/services';
import { Message } from '@lumino/messaging';
import { Poll } from '@lumino/polling';
import { Widget } from '@lumino/widgets';

import { count, number } from '../record/format';
import { compareLine } from '../record/commands';
import { IRun, lastPart } from '../record/manifest';
import {
  arranged,
  differences,
  Grouping,
  IRunQuery,
  labelIn
} from '../record/run-list';
import { oneLine } from '../text/clean';
import { button, el, reconcile, setAttribute, setText } from '../view/dom';
import { reason, RUNS, runsFolder } from './files';
import { FolderFollower } from './folder';
import { runIcon } from './icon';
import { IListing, RunListing } from './listing';
import { drawItem, editForm, makeItem } from './run-item';
import { labelOf, lineToCopy, unreadLine } from './run-text';
import { DEFAULTS } from './settings';
import { RunShelf } from './shelf';

const SAID_FOR = 4_000; // milliseconds
const LONGEST = 3_600_000; // milliseconds
/** A listing that took longer than this is work for the server: the next waits for five times as long, or so long. */
const SLOW = 3_000; // milliseconds
const LONGEST_REST = 15_000;

const GROUPINGS: [Grouping, string][] = [
  ['', 'no groups'],
  ['sweep', 'by sweep'],
  ['benchmark', 'by benchmark'],
  ['model', 'by model']
];

export class RunsPanel extends Widget {
  /** `open` shows a run in the viewer; `insert` runs a line in the notebook, false where there is none. */
  constructor(
    contents: Contents.IManager,
    follower: FolderFollower,
    open: (run: IRun) => void,
    insert: (line: string) => boolean
  ) {
    super();
    this.id = 'qwq-nb-runs';
    this.addClass('qwq-RunsPanel');
    this.title.icon = runIcon;
    this.title.caption = 'QwQ runs';
    this._listing = new RunListing(contents);
    this._follower = follower;
    this._shelf = new RunShelf(contents);
    this._open = open;
    this._insert = insert;
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
      this._tools,
      this._problem,
      this._list,
      this._empty,
      this._unread,
      this._chosen,
      this._bin,
      this._status
    );
    this._search.addEventListener('input', () => {
      this._query.search = this._search.value;
      this._redraw();
    });
    this._sort.addEventListener('change', () => {
      this._query.sort = this._sort.value;
      this._redraw();
    });
    this._group.addEventListener('change', () => {
      this._query.group = this._group.value as Grouping;
      this._redraw();
    });
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
    await this._shelf.read(root, listing.entries);
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
    this._drawRuns();
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

  private _redraw(): void {
    this._draw(this._root, this._shown);
  }

  private _drawRuns(): void {
    const { runs } = this._shown;
    const { labels, deleted, problem } = this._shelf;
    const now = Date.now();
    const folders = new Set(runs.map(({ folder }) => folder));
    for (const folder of this._selected) {
      if (!folders.has(folder)) {
        this._selected.delete(folder);
      }
    }
    const differing = differences(runs);
    this._drawSorts(differing);
    this._tools.hidden = runs.length < 2;
    const groups = arranged(runs, labels, this._query);
    const lines: (IRun | string)[] = groups.flatMap(group => [
      ...(groups.length > 1 || group.title
        ? [group.title || 'other runs']
        : []),
      ...group.runs
    ]);
    reconcile(
      this._list,
      lines,
      line => (typeof line === 'string' ? ` ${line}` : line.folder),
      line =>
        typeof line === 'string'
          ? el('li', { class: 'qwq-runs-group' })
          : this._make(line.folder),
      (node, line) => {
        if (typeof line === 'string') {
          setText(node, oneLine(line, 200));
          return;
        }
        drawItem(node, line, {
          own: labels.get(lastPart(line.folder)),
          differing,
          isSelected: this._selected.has(line.folder),
          now
        });
      }
    );
    const shown = lines.filter(line => typeof line !== 'string').length;
    setText(
      this._found,
      runs.length && shown === 0
        ? 'No run fits.'
        : problem || (shown < runs.length ? `${number(shown)} found` : '')
    );
    this._found.hidden = this._found.textContent === '';
    this._chosen.hidden = this._selected.size === 0;
    const n = this._selected.size;
    setText(
      this._said,
      n < 2 ? '1 selected: select another to compare' : `${number(n)} selected`
    );
    this._compare.hidden = n < 2;
    setText(
      this._compare,
      n === 2 ? 'Compare these two' : `Compare these ${number(n)}`
    );
    this._bin.hidden = deleted.length === 0;
    setText(this._binned, count(deleted.length, 'deleted run'));
  }

  private _drawSorts(differing: readonly string[]): void {
    const names: [string, string][] = [
      ['updated', 'newest first'],
      ['name', 'name'],
      ['score', 'score'],
      ['done', 'done'],
      ...differing.map((name): [string, string] => [name, oneLine(name, 40)])
    ];
    if (!names.some(([name]) => name === this._query.sort)) {
      names.push([this._query.sort, oneLine(this._query.sort, 40)]);
    }
    reconcile(
      this._sort,
      names,
      ([name]) => name,
      ([name]) => {
        const option = el('option', {});
        option.value = name;
        return option;
      },
      (option, [, word]) => setText(option, word)
    );
    this._sort.value = this._query.sort;
  }

  private _make(folder: string): HTMLElement {
    const act = (what: (run: IRun) => void) => (): void => {
      const run = this._shown.runs.find(each => each.folder === folder);
      if (run) {
        what(run);
      }
    };
    return makeItem({
      open: act(run => this._open(run)),
      copy: act(run => {
        const { line } = lineToCopy(run, Date.now());
        if (line) {
          Clipboard.copyToSystem(line);
          this._say(`Copied: ${line}`);
        }
      }),
      edit: act(run => this._edit(run)),
      remove: act(run => void this._remove(run)),
      select: isSelected => {
        if (isSelected) {
          this._selected.add(folder);
        } else {
          this._selected.delete(folder);
        }
        this._drawRuns();
      }
    });
  }

  /** Let the reader name a run and write a note on it, below its line. */
  private _edit(run: IRun): void {
    this._form?.remove();
    const item = [...this._list.children].find(
      node => (node as HTMLElement).dataset.key === run.folder
    );
    const own = this._shelf.labels.get(lastPart(run.folder));
    const form = editForm(run, own, label => {
      form.remove();
      item?.querySelector<HTMLElement>('.qwq-runs-open')?.focus();
      if (label !== null) {
        void this._try(async () => {
          await this._shelf.label(run.folder, label);
          return 'Saved';
        });
      }
    });
    this._form = form;
    item?.append(form);
    form.querySelector('input')?.select();
  }

  private async _remove(run: IRun): Promise<void> {
    const root = this._root;
    const called = labelIn(this._shelf.labels, run) || labelOf(run);
    await this._try(async () => {
      this._last = await this._shelf.remove(run.folder);
      this._selected.delete(run.folder);
      return `Deleted: ${called}`;
    }, root);
  }

  /** Restore the run that was deleted last. */
  private async _restore(): Promise<void> {
    const { deleted } = this._shelf;
    const name = deleted.includes(this._last)
      ? this._last
      : deleted[deleted.length - 1];
    await this._try(async () => {
      await this._shelf.restore(this._root, name);
      return `Restored: ${name}`;
    });
  }

  private async _emptyBin(): Promise<void> {
    const { deleted } = this._shelf;
    const { button: pressed } = await showDialog({
      title: `Delete ${count(deleted.length, 'run')} for good?`,
      body: deleted.map(name => oneLine(name, 100)).join(', '),
      buttons: [
        Dialog.cancelButton(),
        Dialog.warnButton({ label: 'Delete for good' })
      ]
    });
    if (pressed.accept) {
      await this._try(async () => {
        await this._shelf.empty(this._root);
        return 'Deleted for good';
      });
    }
  }

  private _compareChosen(): void {
    // In the order of the list: the first is what the others are held against.
    const folders = this._shown.runs
      .map(({ folder }) => folder)
      .filter(folder => this._selected.has(folder))
      .reverse();
    const line = compareLine(folders.map(folder => this._nearby(folder)));
    if (line === null) {
      this._say('A name of these cannot stand in a line.');
    } else if (this._insert(line)) {
      this._say(`In the notebook: ${line}`);
    } else {
      Clipboard.copyToSystem(line);
      this._say(`No notebook is in front. Copied: ${line}`);
    }
  }

  /** A folder as a line names it: beside the notebook, runs lie in the usual folder. */
  private _nearby(folder: string): string {
    return `${RUNS}/${lastPart(folder)}`;
  }

  /** Do something on the server, say what came of it, and list the runs again. */
  private async _try(
    work: () => Promise<string>,
    root = this._root
  ): Promise<void> {
    let said: string;
    try {
      said = await work();
    } catch (error) {
      said = `Not done: ${reason(error)}`;
    }
    this._restsUntil = 0;
    if (root === this._root && !this.isDisposed) {
      await this._read();
      this._say(said);
    }
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
  private _insert: (line: string) => boolean;
  private _shelf: RunShelf;
  private _query: IRunQuery = { search: '', sort: 'updated', group: '' };
  /** Folders of the runs that are to be compared. */
  private _selected = new Set<string>();
  /** The name that the run deleted last has where it is. */
  private _last = '';
  private _form: HTMLElement | null = null;
  private _poll: Poll;
  private _shown: IListing = {
    runs: [],
    unread: [],
    left: 0,
    problem: '',
    entries: []
  };
  private _anew = false;
  private _root = '';
  /** As performance.now() counts. */
  private _restsUntil = 0;
  private _seeksRun = false;
  private _silence = 0;
  private _place = el('p', { class: 'qwq-runs-place' });
  private _search = el('input', {
    type: 'search',
    class: 'qwq-runs-input',
    placeholder: 'Search runs',
    'aria-label': 'Search runs'
  });
  private _sort = el('select', { 'aria-label': 'Sort runs by' });
  private _group = el(
    'select',
    { 'aria-label': 'Group runs by' },
    ...GROUPINGS.map(([value, word]) => {
      const option = el('option', {}, word);
      option.value = value;
      return option;
    })
  );
  private _found = el('span', { class: 'qwq-runs-found', role: 'status' });
  private _tools = el(
    'div',
    { class: 'qwq-runs-search', hidden: true },
    this._search,
    el('span', { class: 'qwq-runs-selects' }, this._sort, this._group),
    this._found
  );
  private _said = el('span', {});
  private _compare = button('', { class: 'qwq-runs-word' }, () =>
    this._compareChosen()
  );
  private _chosen = el(
    'p',
    { class: 'qwq-runs-foot', hidden: true },
    this._said,
    this._compare,
    button('Clear', { class: 'qwq-runs-word' }, () => {
      this._selected.clear();
      this._drawRuns();
    })
  );
  private _binned = el('span', {});
  private _bin = el(
    'p',
    { class: 'qwq-runs-foot', hidden: true },
    this._binned,
    button('Undo', { class: 'qwq-runs-word' }, () => void this._restore()),
    button(
      'Delete for good…',
      { class: 'qwq-runs-word' },
      () => void this._emptyBin()
    )
  );
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
