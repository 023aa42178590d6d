/** The handle below the list and the sample: dragged, or moved with the keys, it sets their height. */
import { IMemory } from '../model/memory';
import { el, setAttribute } from './dom';

/** Pixels: the least height, and what an arrow key adds. */
const LEAST = 192;
const STEP = 24;
/** Of the window's height, the most. */
const MOST = 0.95;

export class HeightGrip {
  readonly node: HTMLElement;

  /** `name`: what the height that the reader chooses is kept as. */
  constructor(panes: HTMLElement, memory: IMemory | null, name: string) {
    this._panes = panes;
    this._changed = height => memory?.write(name, height);
    this.node = el('div', {
      class: 'qwq-grip',
      role: 'separator',
      tabindex: 0,
      title: 'Drag to change the height; arrow keys do it too, Enter resets it',
      'aria-label': 'Height of the list and the sample',
      'aria-orientation': 'horizontal'
    });
    this.node.addEventListener('pointerdown', event => this._begin(event));
    this.node.addEventListener('dblclick', () => this._set(null, true));
    this.node.addEventListener('keydown', event => this._onKey(event));
    new ResizeObserver(() => this._say()).observe(panes);
    // Of what was left there: pixels, or null, as the style has it.
    const height = memory?.read(name);
    this._set(Number.isFinite(height) ? (height as number) : null, false);
  }

  private _begin(event: PointerEvent): void {
    if (event.button !== 0) {
      return;
    }
    event.preventDefault();
    const { node } = this;
    node.focus({ preventScroll: true });
    const from = event.clientY;
    const height = this._panes.offsetHeight;
    const move = ({ clientY }: PointerEvent): void =>
      this._set(height + clientY - from, false);
    const end = (last: PointerEvent): void => {
      node.removeEventListener('pointermove', move);
      node.removeEventListener('pointerup', end);
      node.removeEventListener('pointercancel', end);
      if (last.clientY !== from) {
        this._changed(this._height);
      }
    };
    node.setPointerCapture(event.pointerId);
    node.addEventListener('pointermove', move);
    node.addEventListener('pointerup', end);
    node.addEventListener('pointercancel', end);
  }

  private _onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) {
      return;
    }
    const now = this._panes.offsetHeight;
    const to: Record<string, number | null> = {
      ArrowUp: now - STEP,
      ArrowDown: now + STEP,
      PageUp: now - 5 * STEP,
      PageDown: now + 5 * STEP,
      Home: LEAST,
      End: Infinity,
      Enter: null
    };
    if (Object.hasOwn(to, event.key)) {
      event.preventDefault();
      event.stopPropagation();
      this._set(to[event.key], true);
    }
  }

  private _set(height: number | null, chosen: boolean): void {
    const most = Math.max(LEAST, Math.round(MOST * window.innerHeight));
    this._height =
      height === null
        ? null
        : Math.round(Math.min(Math.max(height, LEAST), most));
    this._panes.style.height = this._height === null ? '' : `${this._height}px`;
    this._say();
    if (chosen) {
      this._changed(this._height);
    }
  }

  private _say(): void {
    const most = Math.max(LEAST, Math.round(MOST * window.innerHeight));
    setAttribute(this.node, 'aria-valuemin', LEAST);
    setAttribute(this.node, 'aria-valuemax', most);
    setAttribute(this.node, 'aria-valuenow', this._panes.offsetHeight || LEAST);
    setAttribute(
      this.node,
      'aria-valuetext',
      `${this._panes.offsetHeight} pixels`
    );
  }

  private _panes: HTMLElement;
  private _changed: (height: number | null) => void;
  private _height: number | null = null;
}
