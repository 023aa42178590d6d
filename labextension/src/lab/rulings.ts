/**
 * The channel by which a view's rulings reach the kernel of the notebook that it stands in.
 *
 * The renderer is told nothing of kernels; the plugin, which knows the shell, says which one belongs to an element. A
 * kernel without the target closes the channel at once, and the view then has no buttons.
 */
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONValue } from '@lumino/coreutils';

import { asObject, asText } from '../record/values';
import { IRuling } from '../view/ruling';
import { kernelOf } from './notebooks';

/** `qwq_nb/core/ruling_target.py` has the same name. */
export const TARGET = 'qwq-nb.rulings';

const PATIENCE_MS = 8_000; // for the answer to the opening
const SEND_MS = 60_000; // for the answer to a ruling: a kernel may be busy with a cell

/** One view's channel, opened when it is first wanted and anew after its kernel has restarted. */
export class RulingChannel {
  /** Whether rulings can be sent; `changed` says that it became so, or no longer is. */
  isOpen = false;

  constructor(node: HTMLElement, changed: () => void) {
    this._node = node;
    this._changed = changed;
  }

  /** Try to open it, unless it is open, or was tried a moment ago. */
  connect(now = Date.now()): void {
    const kernel = kernelOf(this._node) ?? null;
    if (kernel === null || kernel.handleComms === false) {
      return;
    }
    if (kernel === this._kernel && (this.isOpen || now < this._again)) {
      return;
    }
    this._close();
    this._kernel = kernel;
    this._again = now + 2 * PATIENCE_MS;
    kernel.statusChanged.connect(this._onStatus, this);
    const comm = kernel.createComm(TARGET);
    this._comm = comm;
    comm.onMsg = message => this._onMessage(comm, message);
    comm.onClose = () => {
      if (comm === this._comm) {
        this._set(false);
      }
    };
    comm.open({});
  }

  /** Send a ruling; resolves with the record that the kernel returns. */
  async send(ruling: IRuling & { run_dir: string }): Promise<unknown> {
    return (await this.ask({ ...ruling })).record;
  }

  /** Send a message; resolves with the kernel's answer, or rejects with what it says is wrong. */
  async ask(
    message: Record<string, JSONValue>
  ): Promise<Record<string, unknown>> {
    const comm = this._comm;
    if (comm === null || !this.isOpen) {
      throw new Error('the notebook has no kernel that knows this run');
    }
    const request = ++this._requests;
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => {
        this._waiting.delete(request);
        reject('the kernel has not answered: it may be busy');
      }, SEND_MS);
      this._waiting.set(request, answer => {
        window.clearTimeout(timer);
        const said = asText(answer.error);
        if (said) {
          reject(said);
        } else {
          resolve(answer);
        }
      });
      comm.send({ ...message, request });
    });
  }

  dispose(): void {
    this._close();
  }

  private _onMessage(
    comm: Kernel.IComm,
    message: KernelMessage.ICommMsgMsg
  ): void {
    if (comm !== this._comm) {
      return;
    }
    const data = asObject(message.content.data);
    if (data.ready === true) {
      this._set(true);
      return;
    }
    const answer = this._waiting.get(Number(data.request));
    this._waiting.delete(Number(data.request));
    answer?.(data);
  }

  /** A kernel that has restarted knows nothing of the channel. */
  private _onStatus(_: unknown, status: string): void {
    if (['restarting', 'autorestarting', 'dead'].includes(status)) {
      this._close();
    }
  }

  private _close(): void {
    this._kernel?.statusChanged.disconnect(this._onStatus, this);
    this._kernel = null;
    this._again = 0;
    const comm = this._comm;
    this._comm = null;
    for (const answer of this._waiting.values()) {
      answer({ error: 'the kernel has gone' });
    }
    this._waiting.clear();
    this._set(false);
    if (comm !== null && !comm.isDisposed) {
      comm.dispose();
    }
  }

  private _set(isOpen: boolean): void {
    if (isOpen !== this.isOpen) {
      this.isOpen = isOpen;
      this._changed();
    }
  }

  private _node: HTMLElement;
  private _changed: () => void;
  private _kernel: Kernel.IKernelConnection | null = null;
  private _comm: Kernel.IComm | null = null;
  private _again = 0;
  private _requests = 0;
  private _waiting = new Map<
    number,
    (answer: Record<string, unknown>) => void
  >();
}
