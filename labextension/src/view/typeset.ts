/** Formulas are typeset when they come into view: a trace can hold a thousand of them. */

const SLICE_MS = 8;

export type Typeset = (node: HTMLElement) => void | Promise<void>;

export class LazyTypesetter {
  /** `typeset` null: formulas stay as typed. */
  constructor(typeset: Typeset | null, root: HTMLElement | null) {
    this._typeset = typeset;
    this._observer = new IntersectionObserver(
      entries => {
        for (const { target, isIntersecting } of entries) {
          for (const node of formulasIn(target)) {
            if (isIntersecting) {
              this._queue.add(node);
            } else {
              this._queue.delete(node);
            }
          }
        }
        void this._work();
      },
      { root, rootMargin: '400px 0px' }
    );
  }

  /** Typeset what is in the node, whenever it is seen. A node that has new content is to be watched again. */
  watch(node: HTMLElement): void {
    if (this._typeset !== null && formulasIn(node).length > 0) {
      this._observer.unobserve(node);
      this._observer.observe(node);
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

/** The blocks with formulas that are not typeset yet. One target for many of them: each costs a little every frame. */
function formulasIn(node: Element): HTMLElement[] {
  const within = [...node.querySelectorAll<HTMLElement>('.qwq-mod-tex')];
  return node instanceof HTMLElement && node.matches('.qwq-mod-tex')
    ? [node, ...within]
    : within;
}
