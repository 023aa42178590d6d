/** Formulas are typeset when they come into view: a trace can hold a thousand of them. */

const SLICE_MS = 8;
/** Faster than anybody reads, in pixels a millisecond; and how long a scroll of that speed keeps formulas waiting. */
const FLYING = 3;
const REST_MS = 120;

const SCROLL = { capture: true, passive: true };

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
    // It does not bubble, and which box scrolls depends on the view.
    document.addEventListener('scroll', this._onScroll, SCROLL);
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
    document.removeEventListener('scroll', this._onScroll, SCROLL);
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
      do {
        const rest = Math.max(0, this._restUntil - performance.now());
        await new Promise(resolve => setTimeout(resolve, rest));
      } while (performance.now() < this._restUntil);
    }
    this._isWorking = false;
  }

  /** What flies past is not read: formulas are set where the reader comes to rest, and frames are not late meanwhile. */
  private _onScroll = ({ target }: Event): void => {
    const top = target instanceof Element ? target.scrollTop : window.scrollY;
    const now = performance.now();
    const elapsed = now - this._scrolled.at;
    if (
      this._scrolled.target === target &&
      elapsed < REST_MS &&
      Math.abs(top - this._scrolled.top) > FLYING * Math.max(elapsed, 8)
    ) {
      this._restUntil = now + REST_MS;
    }
    this._scrolled = { target, top, at: now };
  };

  private async _set(node: HTMLElement): Promise<void> {
    node.classList.remove('qwq-mod-tex');
    try {
      await this._typeset!(node);
    } catch (error) {
      // The formula stays as it was typed, which is readable.
      console.warn('qwq-nb: a formula could not be typeset', error);
    }
  }

  private _scrolled: { target: EventTarget | null; top: number; at: number } = {
    target: null,
    top: 0,
    at: 0
  };
  private _restUntil = 0;
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
