/** Open a sample where its bar in a figure of `%qwq_budget` is clicked. Plotly draws the figure; this only listens. */
import { IPlace, placeOf, runsOf } from '../record/figure';
import { asObject } from '../record/values';

/** What plotly makes of the element that it draws into (`Plotly.newPlot`'s documented events). */
interface IPlot extends HTMLElement {
  layout?: { meta?: unknown };
  on?: (event: string, listener: (data: unknown) => void) => void;
}

export class FigureClicks {
  /** `open` gets the place of each bar that is clicked below `root`, whenever its figure was drawn. */
  constructor(root: HTMLElement, open: (place: IPlace) => void) {
    this._open = open;
    root.addEventListener('mouseover', event => this._listen(event), {
      passive: true
    });
  }

  /** Listen to the figure that the pointer is over, once. */
  private _listen(event: Event): void {
    const target = event.target as Element | null;
    const plot = target?.closest?.<IPlot>('.js-plotly-plot');
    if (!plot || this._known.has(plot) || typeof plot.on !== 'function') {
      return;
    }
    this._known.add(plot);
    if (runsOf(plot.layout?.meta) === null) {
      return;
    }
    plot.on('plotly_click', data => {
      const { points } = asObject(data);
      for (const point of Array.isArray(points) ? points : []) {
        // The figure may have been drawn anew since: its own word counts, as it stands now.
        const place = placeOf(plot.layout?.meta, point);
        if (place !== null) {
          this._open(place);
          return;
        }
      }
    });
  }

  private _open: (place: IPlace) => void;
  private _known = new WeakSet<IPlot>();
}
