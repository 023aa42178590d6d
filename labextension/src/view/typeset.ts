/** Formulas are typeset when they come into view: a trace can hold a thousand of them. */

export type Typeset = (node: HTMLElement) => void | Promise<void>;

export class LazyTypesetter {
  /** `typeset` null: formulas stay as typed. */
  constructor(typeset: Typeset | null, root: HTMLElement | null) {
    this._typeset = typeset;
    this._observer = new IntersectionObserver(
      entries => {
        for (const entry of entries) {
          if (entry.isIntersecting) {
            this._observer.unobserve(entry.target);
            this._set(entry.target as HTMLElement);
          }
        }
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

  private _typeset: Typeset | null;
  private _observer: IntersectionObserver;
}
