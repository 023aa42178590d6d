/** A frame around a table that scrolls, with a shade at each edge behind which there is more. */
import { el, setAttribute } from './dom';

export class CutFrame {
  readonly node: HTMLElement;

  /** `scroll` is the box that scrolls. */
  constructor(scroll: HTMLElement) {
    this._scroll = scroll;
    this.node = el('div', { class: 'qwq-cut' }, scroll);
    scroll.addEventListener('scroll', () => this.update(), { passive: true });
  }

  /** The box or what is in it has another size: say at which edges there is more to scroll to. */
  update(): void {
    const { scrollLeft, scrollTop, scrollWidth, scrollHeight } = this._scroll;
    const { clientWidth, clientHeight } = this._scroll;
    const more = [
      scrollWidth - clientWidth - scrollLeft > 1 && 'right',
      scrollHeight - clientHeight - scrollTop > 1 && 'down'
    ];
    setAttribute(
      this.node,
      'data-more',
      more.filter(edge => edge).join(' ') || null
    );
  }

  private readonly _scroll: HTMLElement;
}
