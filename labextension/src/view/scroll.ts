/** Scroll a view's own boxes, and never the page around them. */

/** What may scroll within a sample: in wide panes its columns, else all of it. */
const BOXES = '.qwq-column, .qwq-columns, .qwq-detail';

/** The box in which the node scrolls, as the pane is wide or narrow. */
export function scrollerOf(node: Element): HTMLElement | null {
  let box = node.closest<HTMLElement>(BOXES);
  while (box && !box.matches('.qwq-detail')) {
    if (/auto|scroll/.test(getComputedStyle(box).overflowY)) {
      return box;
    }
    box = box.parentElement?.closest<HTMLElement>(BOXES) ?? null;
  }
  return box;
}

/** Bring a place into the upper third of the box in which it scrolls. */
export function bringToSight(place: Element | null): void {
  // Not scrollIntoView: it would scroll the notebook too.
  const scroller = place && scrollerOf(place);
  if (!place || !scroller) {
    return;
  }
  // What comes into view only now gets its height only then, and the place moves once more.
  const go = (again: number): void => {
    const offset =
      place.getBoundingClientRect().top -
      scroller.getBoundingClientRect().top -
      scroller.clientHeight / 3;
    if (Math.abs(offset) > 2) {
      scroller.scrollTop += offset;
    }
    if (again > 0 && place.isConnected) {
      requestAnimationFrame(() => go(again - 1));
    }
  };
  go(3);
}
