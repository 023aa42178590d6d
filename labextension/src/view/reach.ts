/** Boxes that scroll can be reached with the keyboard: while something in them is out of sight, each is a tab stop. */
import { setAttribute } from './dom';

/** What may scroll, and what a screen reader calls it. */
const BOXES: Record<string, string> = {
  'qwq-header': 'About this run',
  'qwq-notes': 'Notes',
  'qwq-settings': 'How it was run',
  'qwq-chips': 'Choices',
  'qwq-column-about': 'Question and outcome',
  'qwq-column-answer': 'Answer',
  'qwq-column-reasoning': 'Reasoning',
  'qwq-columns': 'Question and answer',
  'qwq-attempts': 'Answers',
  'qwq-why': 'Why',
  'qwq-value-box': 'Value',
  'qwq-error': 'Error',
  'qwq-code': 'Text',
  'qwq-chunk': 'Text'
};
const SELECTOR = Object.keys(BOXES)
  .map(name => `.${name}`)
  .concat('mjx-container', '.katex-display')
  .join();
const DELAY = 120; // milliseconds

export class ReachKeeper {
  constructor(node: HTMLElement) {
    this._node = node;
    this._observer = new ResizeObserver(() => this.update());
    this._observer.observe(node);
    // Folds, and what scrolls into sight: neither bubbles.
    node.addEventListener('toggle', () => this.update(), true);
    node.addEventListener('scroll', () => this.update(), {
      capture: true,
      passive: true
    });
  }

  /** Look again, soon. */
  update(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._look(), DELAY);
  }

  dispose(): void {
    this._observer.disconnect();
    window.clearTimeout(this._timer);
  }

  private _look(): void {
    const boxes = [...this._node.querySelectorAll<HTMLElement>(SELECTOR)]
      // What is out of sight is not laid out, and asking for its size would do so.
      .filter(box => box.checkVisibility({ contentVisibilityAuto: true }));
    const found = boxes.map(box => ({ box, scrolls: scrolls(box) }));
    for (const { box, scrolls } of found) {
      if (!scrolls && box.dataset.reach === undefined) {
        continue;
      }
      const name = Object.keys(BOXES).find(n => box.classList.contains(n));
      setAttribute(box, 'tabindex', scrolls ? 0 : null);
      setAttribute(box, 'data-reach', scrolls);
      // A formula, a list and a list of terms keep the role that they have.
      if (box instanceof HTMLDivElement) {
        setAttribute(box, 'role', scrolls ? 'region' : null);
        setAttribute(box, 'aria-label', scrolls && name ? BOXES[name] : null);
      }
    }
  }

  private _node: HTMLElement;
  private _observer: ResizeObserver;
  private _timer = 0;
}

function scrolls(box: HTMLElement): boolean {
  const { scrollHeight, clientHeight, scrollWidth, clientWidth } = box;
  if (scrollHeight <= clientHeight + 1 && scrollWidth <= clientWidth + 1) {
    return false;
  }
  const { overflowX, overflowY } = getComputedStyle(box);
  const can = (overflow: string): boolean => /auto|scroll/.test(overflow);
  return (
    (can(overflowY) && scrollHeight > clientHeight + 1) ||
    (can(overflowX) && scrollWidth > clientWidth + 1)
  );
}
