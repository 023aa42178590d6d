/** The renderers of runs (`run.v1`), boards, comparisons and check lists in JupyterLab's and Notebook's outputs. */
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { BOARD_MIME, readBoard } from '../record/board';
import { COMPARE_MIME, readCompare } from '../record/compare';
import { MIME_TYPE, readRecord } from '../record/record';
import { afterPaint, measure } from '../timing';
import { BoardView } from '../view/board';
import { CompareView, RuleIn } from '../view/compare';
import { el } from '../view/dom';
import { RunView } from '../view/run';
import { IRuling } from '../view/ruling';
import { environmentOf } from './resolver';
import { RulingChannel } from './rulings';

/** Lab calls `renderModel` again on the same instance with each update: the view takes it in where it stands. */
class RunRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this.addClass('qwq-Renderer');
    this._options = options;
    this.layout = new PanelLayout();
    this._channel = new RulingChannel(this.node, () =>
      this._view?.setRule(this._channel.isOpen ? this._rule : null)
    );
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
      this._view = new RunView(environmentOf(this._options));
      this._view.setRecord(record);
      this._view.setRule(this._channel.isOpen ? this._rule : null);
      (this.layout as PanelLayout).addWidget(this._view);
      afterPaint(() => measure('open', started));
    } else {
      this._view.setRecord(record);
    }
    this._channel.connect();
  }

  dispose(): void {
    this._channel.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._channel.connect();
  }

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
  private _channel: RulingChannel;
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

class CompareRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this.addClass('qwq-Renderer');
    this._options = options;
    this.layout = new PanelLayout();
    this._channel = new RulingChannel(this.node, () =>
      this._view?.setRule(this._channel.isOpen ? this._rule : null)
    );
    this.node.addEventListener('focusin', () => this._channel.connect());
    this.node.addEventListener('pointerenter', () => this._channel.connect());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const compare = readCompare(model.data[this._options.mimeType]);
    if (compare === null) {
      this._view?.dispose();
      this._view = null;
      const sentence =
        'This comparison was saved in a form that this version of qwq-nb does not know.';
      this.node.replaceChildren(el('p', { class: 'qwq-unknown' }, sentence));
      return;
    }
    if (this._view === null) {
      this.node.replaceChildren();
      this._view = new CompareView(environmentOf(this._options));
      (this.layout as PanelLayout).addWidget(this._view);
    }
    this._view.setCompare(compare);
    this._view.setRule(this._channel.isOpen ? this._rule : null);
    this._channel.connect();
  }

  dispose(): void {
    this._channel.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._channel.connect();
  }

  private _rule: RuleIn = async ({ run_dir }, ruling) => {
    const found = await this._channel.send({ ...ruling, run_dir });
    const changed = readRecord(found);
    if (changed === null) {
      throw new Error('the kernel’s answer cannot be read');
    }
    return changed;
  };
  private _channel: RulingChannel;
  private _options: IRenderMime.IRendererOptions;
  private _view: CompareView | null = null;
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
      createRenderer: options => new CompareRenderer(options)
    },
    rank: 40,
    dataType: 'json'
  }
];

export default extensions;
