/** A button that opens a short list of further buttons and links below it. */
import { el } from './dom';

export class Menu {
  readonly node: HTMLDetailsElement;

  constructor(label: string, title: string, ...items: HTMLElement[]) {
    this.node = el(
      'details',
      { class: 'qwq-menu' },
      el('summary', { class: 'qwq-chip', title }, label),
      el('div', { class: 'qwq-menu-items' }, ...items)
    );
    this.node.addEventListener('keydown', event => this._onKey(event));
    this.node.addEventListener('focusout', event => {
      if (!this.node.contains(event.relatedTarget as Node | null)) {
        this.node.open = false;
      }
    });
    this.node.addEventListener('click', event => {
      const target = event.target as Element;
      if (target.closest('.qwq-menu-items button, .qwq-menu-items a')) {
        this._close();
      }
    });
  }

  private _onKey(event: KeyboardEvent): void {
    if (!this.node.open) {
      return;
    }
    const items = [
      ...this.node.querySelectorAll<HTMLElement>('button, a')
    ].filter(item => item.checkVisibility());
    const at = items.indexOf(document.activeElement as HTMLElement);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key === 'Escape') {
      this._close();
    } else if (Object.hasOwn(steps, event.key)) {
      const from = at < 0 && steps[event.key] < 0 ? 0 : at;
      items[(from + steps[event.key] + items.length) % items.length]?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private _close(): void {
    this.node.open = false;
    this.node.querySelector('summary')?.focus({ preventScroll: true });
  }
}
