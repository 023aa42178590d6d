/** The renderer of outputs whose answers the reader can rule on, beside those of a run: comparisons, lists to check. */
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { readRecord } from '../record/record';
import { el } from '../view/dom';
import type { IRunEnvironment } from '../view/run';
import { RuleIn } from '../view/ruling';
import { environmentOf } from './resolver';
import { RulingChannel } from './rulings';

export interface IRuledView<T> extends Widget {
  /** Show it, or take in what has changed in the one that is shown. */
  draw(value: T): void;
  /** Where rulings go; null: nowhere. */
  setRule(rule: RuleIn | null): void;
}

export interface IRuledKind<T> {
  /** What a notebook holds, or null where it is of another version. */
  read: (value: unknown) => T | null;
  make: (environment: IRunEnvironment) => IRuledView<T>;
  /** Said where it cannot be read. */
  unknown: string;
}

export class RuledRenderer<T> extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions, kind: IRuledKind<T>) {
    super();
    this.addClass('qwq-Renderer');
    this._options = options;
    this._kind = kind;
    this.layout = new PanelLayout();
    this._channel = new RulingChannel(this.node, () => this._setRule());
    // A notebook that is opened gets its kernel later than its outputs: tried again when the reader turns to the view.
    this.node.addEventListener('focusin', () => this._channel.connect());
    this.node.addEventListener('pointerenter', () => this._channel.connect());
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const value = this._kind.read(model.data[this._options.mimeType]);
    if (value === null) {
      this._view?.dispose();
      this._view = null;
      const { unknown } = this._kind;
      this.node.replaceChildren(el('p', { class: 'qwq-unknown' }, unknown));
      return;
    }
    if (this._view === null) {
      this.node.replaceChildren();
      this._view = this._kind.make(environmentOf(this._options));
      (this.layout as PanelLayout).addWidget(this._view);
    }
    this._view.draw(value);
    this._setRule();
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

  private _setRule(): void {
    this._view?.setRule(this._channel.isOpen ? this._rule : null);
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
  private _kind: IRuledKind<T>;
  private _options: IRenderMime.IRendererOptions;
  private _view: IRuledView<T> | null = null;
}
