/** Scroll a view's own boxes, and never the page around them. */

/** The box in which the node scrolls. */
export function scrollerOf(node: Element): HTMLElement | null {
  return node.closest<HTMLElement>('.qwq-detail');
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
