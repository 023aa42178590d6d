/** The renderer of a form and of the lines that it has written, in a notebook's outputs. */
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { el } from '../view/dom';
import { LINE_MIME, LineView, readForm, readLine } from '../view/line';
import { drawWidget, insertBelow } from './notebooks';

/** A notebook that is opened gets its kernel, and ipywidgets' manager, later than its outputs. */
const TRY_AGAIN_MS = [500, 1_500, 4_000, 10_000];

/**
 * Draws a form's widget as long as the kernel has it, else the line that was written, else nothing.
 *
 * ipywidgets' own renderer says "Loading widget..." or "model not found" of a widget that ended with its kernel: it
 * stays out of sight until it has drawn something.
 */
export class LineRenderer extends Widget implements IRenderMime.IRenderer {
  constructor() {
    super();
    this.addClass('qwq-Renderer');
    const layout = new PanelLayout();
    layout.addWidget(this._line);
    this.layout = layout;
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const data = model.data[LINE_MIME];
    this._setLine(
      readLine(data),
      String(model.data['text/plain'] ?? '').slice(0, 5_000)
    );
    const id = model.trusted ? readForm(data) : null;
    if (id !== this._id) {
      this._id = id;
      this._drop();
      this._tries = 0;
    }
    this._draw();
  }

  dispose(): void {
    this._drop();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._draw();
  }

  private _setLine(line: string | null, text: string): void {
    const { node } = this._line;
    this._hasLine = line !== null || text !== '';
    if (line === null) {
      node.replaceChildren(...(text ? [el('pre', {}, text)] : []));
      return;
    }
    const view = new LineView(found => insertBelow(this.node, found));
    view.update(line);
    node.replaceChildren(view.node);
  }

  /** Draw the form: known is its notebook, and with it its kernel, only where this stands in the page. */
  private _draw(): void {
    if (this._id !== null && this._form === null && this.isAttached) {
      this._form = drawWidget(this.node, this._id);
      if (this._form !== null) {
        (this.layout as PanelLayout).addWidget(this._form);
        this._observer.observe(this._form.node, {
          childList: true,
          attributeFilter: ['class']
        });
      }
      this._later();
    }
    this._settle();
  }

  private _drop(): void {
    window.clearTimeout(this._timer);
    this._observer.disconnect();
    this._form?.dispose();
    this._form = null;
  }

  /** A renderer made before the manager of the notebook's widgets was there waits for ever: another is made. */
  private _later(): void {
    if (this._tries < TRY_AGAIN_MS.length) {
      this._timer = window.setTimeout(() => {
        if (!this._isDrawn && this._form?.isHidden !== true) {
          this._drop();
          this._draw();
        }
      }, TRY_AGAIN_MS[this._tries++]);
    }
  }

  /** The form's renderer has drawn its widget, or hidden itself as the widget was closed. */
  private _settle(): void {
    const { _form: form, _line: line } = this;
    const isDrawn =
      form !== null && !form.isHidden && form.node.childElementCount > 0;
    this._isDrawn = isDrawn;
    if (form !== null) {
      form.node.style.display = isDrawn ? '' : 'none';
    }
    line.node.hidden = isDrawn;
    this.toggleClass('qwq-nothing', !isDrawn && !this._hasLine);
  }

  private _line = new Widget();
  private _hasLine = false;
  private _isDrawn = false;
  private _tries = 0;
  private _timer = 0;
  private _id: string | null = null;
  private _form: IRenderMime.IRenderer | null = null;
  private _observer = new MutationObserver(() => this._settle());
}
