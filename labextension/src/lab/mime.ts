/** The renderers of runs (`run.v1`), boards, comparisons and check lists in JupyterLab's and Notebook's outputs. */
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { BOARD_MIME, readBoard } from '../record/board';
import { CHECK_MIME, ICheck, readCheck } from '../record/check';
import { COMPARE_MIME, ICompare, readCompare } from '../record/compare';
import { MIME_TYPE, readRecord } from '../record/record';
import { isLiveState } from '../record/vocabulary';
import { afterPaint, measure } from '../timing';
import { BoardView } from '../view/board';
import { CheckView } from '../view/check';
import { CompareView } from '../view/compare';
import { ICell } from '../view/controls';
import { el } from '../view/dom';
import { LINE_MIME } from '../view/line';
import { RunView } from '../view/run';
import { IRuling } from '../view/ruling';
import { RecordHealer } from './healer';
import { LineRenderer } from './line';
import { kernelOf, lineFor, runBelow } from './notebooks';
import { environmentOf } from './resolver';
import { IRuledKind, RuledRenderer } from './ruled';
import { RulingChannel } from './rulings';

/** Between two times that a kernel is asked whether it runs what is shown. */
const LOOK_MS = 2_000;

/** Lab calls `renderModel` again on the same instance with each update: the view takes it in where it stands. */
class RunRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this.addClass('qwq-Renderer');
    this._options = options;
    this.layout = new PanelLayout();
    this._channel = new RulingChannel(this.node, () => this._connected());
    this._healer = new RecordHealer({
      node: this.node,
      view: () => this._view,
      resolver: options.resolver,
      sanitizer: options.sanitizer,
      isTended: () => this._isSteered || kernelOf(this.node)?.status === 'busy'
    });
    // A notebook that is opened gets its kernel later than its outputs: tried again when the reader turns to the view.
    this.node.addEventListener('focusin', () => this._channel.connect());
    this.node.addEventListener('pointerenter', () => this._channel.connect());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const started = performance.now();
    const record = readRecord(model.data[this._options.mimeType]);
    measure('read', started);
    if (record === null) {
      this._view?.dispose();
      this._view = null;
      const sentence =
        'This run was saved in a form that this version of qwq-nb does not know.';
      this.node.replaceChildren(el('p', { class: 'qwq-unknown' }, sentence));
      return;
    }
    if (this._view === null) {
      this.node.replaceChildren();
      this._view = new RunView({
        ...environmentOf(this._options),
        cell: this._cell
      });
      this._view.setRecord(record);
      this._connected();
      (this.layout as PanelLayout).addWidget(this._view);
      afterPaint(() => measure('open', started));
    } else {
      this._view.setRecord(record);
    }
    this._channel.connect();
    this._look(LOOK_MS);
    this._healer.taken(record, model);
  }

  dispose(): void {
    this._healer.dispose();
    this._channel.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._channel.connect();
  }

  /** The channel to the kernel has opened or closed. */
  private _connected(): void {
    this._view?.setRule(this._channel.isOpen ? this._rule : null);
    this._view?.setSteer(null);
    this._isSteered = false;
    this._look(0);
  }

  /** Ask the kernel whether it runs this run: then there are buttons to stop and pause it. */
  private _look(after: number): void {
    const { _channel: channel, _view: view } = this;
    const record = view?.model.record ?? null;
    const now = performance.now();
    if (
      !channel.isOpen ||
      this._isSteered ||
      record === null ||
      !isLiveState(record.state) ||
      now - this._looked < after
    ) {
      return;
    }
    this._looked = now;
    const { run_dir } = record;
    channel
      .ask({ action: 'look', run_dir })
      .then(({ steered }) => {
        if (steered === true && channel.isOpen && view === this._view) {
          this._isSteered = true;
          view!.setSteer(
            async action => void (await channel.ask({ action, run_dir }))
          );
        }
      })
      .catch(() => undefined); // of an earlier version: no buttons
  }

  private _cell: ICell = {
    lineFor: line => lineFor(this.node, line),
    run: async line => {
      const isRun = await runBelow(
        this.node,
        line,
        this._view?.model.record?.url ?? ''
      );
      if (isRun) {
        this._healer.wake();
      }
      return isRun;
    }
  };

  private _rule = async (ruling: IRuling): Promise<void> => {
    const { record } = this._view!.model;
    const found = await this._channel.send({
      ...ruling,
      run_dir: record!.run_dir
    });
    const changed = readRecord(found);
    if (changed !== null && this._view !== null) {
      this._view.setRecord(changed);
    }
  };
  private _isSteered = false;
  private _looked = 0;
  private _channel: RulingChannel;
  private _healer: RecordHealer;
  private _options: IRenderMime.IRendererOptions;
  private _view: RunView | null = null;
}

class BoardRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this.addClass('qwq-Renderer');
    this._options = options;
    this.layout = new PanelLayout();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const board = readBoard(model.data[this._options.mimeType]);
    if (board === null) {
      this._view?.dispose();
      this._view = null;
      const sentence =
        'This board was saved in a form that this version of qwq-nb does not know.';
      this.node.replaceChildren(el('p', { class: 'qwq-unknown' }, sentence));
      return;
    }
    if (this._view === null) {
      this.node.replaceChildren();
      this._view = new BoardView();
      (this.layout as PanelLayout).addWidget(this._view);
    }
    this._view.setBoard(board);
  }

  private _options: IRenderMime.IRendererOptions;
  private _view: BoardView | null = null;
}

const COMPARISONS: IRuledKind<ICompare> = {
  read: readCompare,
  make: environment => new CompareView(environment),
  unknown:
    'This comparison was saved in a form that this version of qwq-nb does not know.'
};

const CHECKS: IRuledKind<ICheck> = {
  read: readCheck,
  make: environment => new CheckView(environment),
  unknown:
    'This list was saved in a form that this version of qwq-nb does not know.'
};

/** `qwq_nb/run/controls.py` has the same name. */
const CONTROLS_MIME = 'application/vnd.qwq-nb.controls.v1+json';

/** Draws nothing: the run's own view has the buttons, as long as there is a kernel that runs it. */
class ControlsRenderer extends Widget implements IRenderMime.IRenderer {
  constructor() {
    super();
    this.addClass('qwq-Controls');
  }

  async renderModel(): Promise<void> {}
}

const extensions: IRenderMime.IExtension[] = [
  {
    id: 'qwq-nb:renderer',
    description: 'Draws the runs of qwq-nb.',
    rendererFactory: {
      safe: true,
      mimeTypes: [MIME_TYPE],
      createRenderer: options => new RunRenderer(options)
    },
    rank: 40,
    dataType: 'json'
  },
  {
    id: 'qwq-nb:board',
    description: 'Draws the boards of code editing of qwq-nb.',
    rendererFactory: {
      safe: true,
      mimeTypes: [BOARD_MIME],
      createRenderer: options => new BoardRenderer(options)
    },
    rank: 40,
    dataType: 'json'
  },
  {
    id: 'qwq-nb:compare',
    description: 'Draws the comparisons of qwq-nb.',
    rendererFactory: {
      safe: true,
      mimeTypes: [COMPARE_MIME],
      createRenderer: options => new RuledRenderer(options, COMPARISONS)
    },
    rank: 40,
    dataType: 'json'
  },
  {
    id: 'qwq-nb:check',
    description: 'Draws the verdicts of qwq-nb’s runs that are to be checked.',
    rendererFactory: {
      safe: true,
      mimeTypes: [CHECK_MIME],
      createRenderer: options => new RuledRenderer(options, CHECKS)
    },
    rank: 40,
    dataType: 'json'
  },
  {
    id: 'qwq-nb:controls',
    description: 'Draws nothing in the place of the widgets of a run.',
    rendererFactory: {
      safe: true,
      mimeTypes: [CONTROLS_MIME],
      createRenderer: () => new ControlsRenderer()
    },
    // Before that of ipywidgets, whose rank is 0.
    rank: -10,
    dataType: 'json'
  },
  {
    id: 'qwq-nb:line',
    description:
      'Draws the forms of qwq-nb, and the lines that they have written.',
    rendererFactory: {
      safe: true,
      mimeTypes: [LINE_MIME],
      createRenderer: () => new LineRenderer()
    },
    // Before that of ipywidgets: a form's widget is drawn in here, and its line where it is gone.
    rank: -20,
    dataType: 'json'
  }
];

export default extensions;
