/** Which folder the reader is in: that of the notebook used last, or where there is none the file browser's. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { FileBrowser } from '@jupyterlab/filebrowser';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { folderOf } from './files';

/** The document that a widget shows. Read from the widget, so that any front end and any kind of notebook will do. */
function notebookOf(widget: Widget | null): DocumentRegistry.Context | null {
  const context = (widget as { context?: DocumentRegistry.Context } | null)
    ?.context;
  return context && /\.ipynb$/i.test(context.path ?? '') ? context : null;
}

export class FolderFollower {
  constructor(shell: JupyterFrontEnd.IShell, browser: FileBrowser | null) {
    this._browser = browser;
    shell.currentChanged?.connect(() => this._follow(shell.currentWidget));
    browser?.model.pathChanged.connect(() => this._check());
    this._follow(shell.currentWidget);
  }

  /** As the Contents manager knows it; empty for the server's own. */
  get folder(): string {
    return this._notebook
      ? folderOf(this._notebook.path)
      : (this._browser?.model.path ?? '');
  }

  /** The reader has gone elsewhere, or the notebook has been saved. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  private _follow(widget: Widget | null): void {
    const notebook = notebookOf(widget);
    // What is no notebook, a run's viewer for one, does not lead away from the last one.
    if (notebook === null || notebook === this._notebook) {
      return;
    }
    this._leave();
    this._notebook = notebook;
    notebook.pathChanged.connect(this._check, this);
    notebook.saveState.connect(this._onSave, this);
    notebook.disposed.connect(this._leave, this);
    this._check();
  }

  private _leave(): void {
    const notebook = this._notebook;
    this._notebook = null;
    if (notebook !== null) {
      notebook.pathChanged.disconnect(this._check, this);
      notebook.saveState.disconnect(this._onSave, this);
      notebook.disposed.disconnect(this._leave, this);
      this._check();
    }
  }

  private _onSave(_: unknown, state: DocumentRegistry.SaveState): void {
    if (state === 'completed') {
      this._changed.emit();
    }
  }

  private _check(): void {
    if (this.folder !== this._said) {
      this._said = this.folder;
      this._changed.emit();
    }
  }

  private _browser: FileBrowser | null;
  private _notebook: DocumentRegistry.Context | null = null;
  private _said: string | null = null;
  private _changed = new Signal<this, void>(this);
}
