/** Formulas are typeset when they come into view: a trace can hold a thousand of them. */

const SLICE_MS = 8;

export type Typeset = (node: HTMLElement) => void | Promise<void>;

export class LazyTypesetter {
  /** `typeset` null: formulas stay as typed. */
  constructor(typeset: Typeset | null, root: HTMLElement | null) {
    this._typeset = typeset;
    this._observer = new IntersectionObserver(
      entries => {
        for (const entry of entries) {
          if (entry.isIntersecting) {
            this._queue.add(entry.target as HTMLElement);
          } else {
            this._queue.delete(entry.target as HTMLElement);
          }
        }
        void this._work();
      },
      { root, rootMargin: '400px 0px' }
    );
  }

  /** Typeset the node's blocks, or the node itself where it is one, when they are seen. */
  watch(node: HTMLElement): void {
    if (this._typeset === null) {
      return;
    }
    if (node.matches('.qwq-mod-tex')) {
      this._observer.observe(node);
    }
    for (const block of node.querySelectorAll('.qwq-mod-tex')) {
      this._observer.observe(block);
    }
  }

  dispose(): void {
    this._observer.disconnect();
    this._queue.clear();
  }

  /** A few at a time, so that the page can scroll meanwhile; what has left the view again waits for its return. */
  private async _work(): Promise<void> {
    if (this._isWorking) {
      return;
    }
    this._isWorking = true;
    while (this._queue.size > 0) {
      const until = performance.now() + SLICE_MS;
      for (const node of this._queue) {
        this._queue.delete(node);
        this._observer.unobserve(node);
        if (node.isConnected) {
          await this._set(node);
        }
        if (performance.now() > until) {
          break;
        }
      }
      await new Promise(resolve => setTimeout(resolve, 0));
    }
    this._isWorking = false;
  }

  private async _set(node: HTMLElement): Promise<void> {
    node.classList.remove('qwq-mod-tex');
    try {
      await this._typeset!(node);
    } catch (error) {
      // The formula stays as it was typed, which is readable.
      console.warn('qwq-nb: a formula could not be typeset', error);
    }
  }

  private _queue = new Set<HTMLElement>();
  private _isWorking = false;
  private _typeset: Typeset | null;
  private _observer: IntersectionObserver;
}
