/** A run in a tab of its own: `qwq_run.json` opened from the file browser. */
import { MainAreaWidget } from '@jupyterlab/apputils';
import {
  ABCWidgetFactory,
  DocumentRegistry,
  IDocumentWidget,
  TextModelFactory
} from '@jupyterlab/docregistry';
import { Contents } from '@jupyterlab/services';
import { Message } from '@lumino/messaging';
import { Poll } from '@lumino/polling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { IAnnotation } from '../model/annotations';
import { ISampleName, markOf, sampleOf } from '../model/permalink';
import { IRun, isLive, lastPart, RECORD } from '../record/manifest';
import { oneLine } from '../text/clean';
import { el, setText } from '../view/dom';
import { IRunEnvironment, RunView } from '../view/run';
import { Typeset } from '../view/typeset';
import { folderOf, reason } from './files';
import { runIcon } from './icon';
import { BrowserMemory } from './memory';
import { current, RunFiles } from './run-files';
import { missingRecord, silence } from './run-text';
import { DEFAULTS } from './settings';

export const FACTORY = 'QwQ Run';
const MODEL = 'qwq-nb-run';
export const FILE_TYPE: DocumentRegistry.IFileType = {
  name: 'qwq-run',
  displayName: 'QwQ run',
  mimeTypes: ['application/json'],
  extensions: [],
  pattern: '^qwq_run\\.json$',
  contentType: 'file',
  fileFormat: 'text',
  icon: runIcon
};

/** A run that is over is looked at now and then: it may be resumed. */
const AT_REST = 30; // seconds
const LONGEST = 3_600_000; // milliseconds

/** What a run's tab needs of the front end. */
export interface IServices {
  contents: Contents.IManager;
  typeset: Typeset | null;
  /** Opens a file in the front end. */
  open: (path: string) => void;
  refreshSeconds: () => number;
}

export class RunDocument extends Widget {
  constructor(context: DocumentRegistry.Context, services: IServices) {
    super();
    this.addClass('qwq-Document');
    this._context = context;
    this._services = services;
    this._files = new RunFiles(services.contents);
    this.node.append(this._message);
    this.layout = new PanelLayout();
    this._poll = new Poll({
      name: 'qwq-nb:run',
      auto: false,
      factory: () => this._refresh(),
      frequency: {
        interval: 1000 * DEFAULTS.refreshSeconds,
        max: LONGEST,
        backoff: true
      },
      standby: () => (this.isVisible ? 'when-hidden' : true)
    });
    context.fileChanged.connect(this._onChanged, this);
    context.pathChanged.connect(this._onMoved, this);
    void context.ready.then(() => this._poll.start());
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._context.fileChanged.disconnect(this._onChanged, this);
      this._context.pathChanged.disconnect(this._onMoved, this);
      this._poll.dispose();
      super.dispose();
    }
  }

  /** Show a sample once the run is drawn, at a mark in its reasoning where one is named. */
  choose(sample: ISampleName, mark: IAnnotation['kind'] | null = null): void {
    this._chosen = { sample, mark };
    this._goToChosen();
  }

  private _goToChosen(): void {
    const { _chosen: chosen, _view: view } = this;
    if (chosen !== null && view !== null) {
      this._chosen = null;
      if (view.goToSample(chosen.sample)) {
        // The list and the sample, which fill the tab.
        const browser = this.node.querySelector<HTMLElement>('.qwq-browser');
        const top = browser?.getBoundingClientRect().top ?? 0;
        this.node.scrollTop += top - this.node.getBoundingClientRect().top;
      }
      if (chosen.mark !== null) {
        view.goToMark(chosen.mark);
      }
    }
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this._poll.refresh();
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const list = this.node.querySelector<HTMLElement>('.qwq-list');
    if (!this.node.contains(document.activeElement)) {
      (list ?? this.node).focus();
    }
  }

  private _onChanged(): void {
    void this._poll.refresh();
  }

  private _onMoved(): void {
    this._files.forget();
    void this._poll.refresh();
  }

  /** Take in what has changed in the run's folder. */
  private async _refresh(): Promise<void> {
    const { refreshSeconds } = this._services;
    try {
      await this._files.refresh(folderOf(this._context.path));
      this._show(this._files.run!);
    } catch (error) {
      this._say(`The run cannot be shown: ${reason(error)}.`);
    }
    const { run } = this._files;
    const live = run !== null && isLive(run);
    const interval = 1000 * (live ? refreshSeconds() : AT_REST);
    if (!this.isDisposed && interval !== this._poll.frequency.interval) {
      this._poll.frequency = { ...this._poll.frequency, interval };
    }
  }

  private _show(run: IRun): void {
    if (this.isDisposed) {
      return;
    }
    if (run.problem) {
      this._say(`The run cannot be shown: ${run.problem}.`);
    } else if (this._files.record === null) {
      const { recordProblem } = this._files;
      this._say(
        recordProblem
          ? `${RECORD} ${recordProblem}.`
          : missingRecord(run, Date.now())
      );
    } else {
      this._say(silence(run, Date.now()));
      const record = {
        ...current(this._files.record, run),
        // As seen from the server's folder, not from the kernel's; the root itself is a folder too.
        run_dir: this._services.contents.localPath(run.folder) || '.'
      };
      const signature = JSON.stringify([this._files.stamp, record.run_dir]);
      if (this._view === null) {
        this._view = new RunView(this._environment());
        this._view.setRecord(record);
        (this.layout as PanelLayout).addWidget(this._view);
      } else if (signature !== this._drawn) {
        this._view.setRecord(record);
      }
      this._drawn = signature;
      this._goToChosen();
    }
  }

  /** A sentence above the run, or in its place. */
  private _say(sentence: string): void {
    setText(this._message, sentence);
    this._message.hidden = sentence === '';
  }

  private _environment(): IRunEnvironment {
    const { contents, typeset, open } = this._services;
    // Paths are `run_dir` and a file of the run: both as the server has them, on this document's drive.
    const whole = (path: string): string => {
      const drive = contents.driveName(this._context.path);
      const local = path.replace(/^(\.\/)+/, '');
      return drive ? `${drive}:${local}` : local;
    };
    return {
      typeset,
      locate: path => contents.getDownloadUrl(whole(path)),
      link: async (anchor, path) => {
        anchor.href = await contents.getDownloadUrl(whole(path));
        anchor.onclick = event => {
          event.preventDefault();
          open(whole(path));
        };
      },
      openTab: null,
      memory: new BrowserMemory()
    };
  }

  private _context: DocumentRegistry.Context;
  private _services: IServices;
  private _poll: Poll;
  private _message = el('p', { class: 'qwq-document-note', role: 'status' });
  private _view: RunView | null = null;
  /** The sample to show as soon as there is a view. */
  private _chosen: {
    sample: ISampleName;
    mark: IAnnotation['kind'] | null;
  } | null = null;
  private _files: RunFiles;
  private _drawn = '';
}

/** Not a DocumentWidget: that renames the file to its tab's label, and every run's file has the same name. */
export class RunTab
  extends MainAreaWidget<RunDocument>
  implements IDocumentWidget<RunDocument>
{
  readonly context: DocumentRegistry.Context;

  constructor(content: RunDocument, context: DocumentRegistry.Context) {
    super({ content, reveal: context.ready });
    this.context = context;
    this.toolbar.hide();
    this.title.icon = runIcon;
    this._name();
    context.pathChanged.connect(this._name, this);
  }

  /** Go to the sample that a part of an address names. */
  setFragment(fragment: string): void {
    const sample = sampleOf(fragment);
    if (sample !== null) {
      this.content.choose(sample, markOf(fragment));
    }
  }

  private _name(): void {
    const { path } = this.context;
    this.title.label = oneLine(lastPart(folderOf(path)), 100) || FACTORY;
    this.title.caption = oneLine(path);
  }
}

/** Lab itself reads nothing of the file, however large it is: the tab does, within its limits. */
export class RunModelFactory extends TextModelFactory {
  constructor() {
    super(false);
  }

  get name(): string {
    return MODEL;
  }

  // Null is Lab's word for a model without content; the type that this class inherits does not foresee it.
  get fileFormat(): Contents.FileFormat {
    return null as unknown as Contents.FileFormat;
  }
}

export class RunFactory extends ABCWidgetFactory<RunTab> {
  constructor(services: IServices) {
    super({
      name: FACTORY,
      label: FACTORY,
      fileTypes: [FILE_TYPE.name],
      defaultFor: [FILE_TYPE.name],
      // A link in a notebook's output opens a file "rendered": without this word, as JSON.
      defaultRendered: [FILE_TYPE.name],
      modelName: MODEL,
      readOnly: true
    });
    this._services = services;
  }

  protected createNewWidget(context: DocumentRegistry.Context): RunTab {
    return new RunTab(new RunDocument(context, this._services), context);
  }

  private _services: IServices;
}
