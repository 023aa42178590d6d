/** The matches of a search in the sample that is shown: which of them one is at, and the way to the next. */
import { number } from '../record/format';
import { button, el, setAttribute, setText } from './dom';
import { bringToSight } from './scroll';

/** A text in which matches are marked. */
export interface IHitPlace {
  readonly hits: number;
  /** Whether there are more than are marked. */
  readonly hasMoreHits: boolean;
  /** Open the text at a match; the elements that mark it. */
  openHit: (index: number) => Element[];
}

export class HitBar {
  readonly node: HTMLElement;

  constructor() {
    const step = (steps: number, sign: string, label: string): HTMLElement =>
      button(
        sign,
        {
          class: 'qwq-chip',
          title: `${label} (${steps > 0 ? 'n' : 'N'})`,
          'aria-label': label
        },
        () => void this.step(steps)
      );
    this.node = el(
      'span',
      {
        class: 'qwq-hits',
        role: 'group',
        'aria-label': 'Matches in this sample',
        hidden: true
      },
      this._said,
      step(-1, '↑', 'Previous match'),
      step(1, '↓', 'Next match')
    );
  }

  /** Take over where the matches are now; `searched`: whether anything is searched for. */
  update(places: IHitPlace[], searched: boolean): void {
    this._places = places;
    this._at = Math.min(this._at, this.total - 1);
    this._mark(false);
    this.node.hidden = !searched;
    this._say();
  }

  get total(): number {
    return this._places.reduce((sum, { hits }) => sum + hits, 0);
  }

  /** Another sample, or another search: no match is the one that one is at. */
  reset(): void {
    this._at = -1;
    this._unmark();
  }

  /** Go so many matches on, around the ends; false where there is none. */
  step(steps: number): boolean {
    const { total } = this;
    if (total === 0) {
      return false;
    }
    const from = this._at < 0 && steps < 0 ? 0 : this._at;
    this._at = (from + steps + total) % total;
    this._mark(true);
    this._say();
    return true;
  }

  /** Mark the match that one is at; `go`: open the text that holds it, and scroll to it. */
  private _mark(go: boolean): void {
    if (this._at < 0) {
      return;
    }
    let index = this._at;
    for (const place of this._places) {
      if (index >= place.hits) {
        index -= place.hits;
        continue;
      }
      if (go || this._current.some(mark => !mark.isConnected)) {
        this._unmark();
        this._current = place.openHit(index);
        this._current.forEach(mark => mark.classList.add('qwq-mod-current'));
      }
      if (go) {
        bringToSight(this._current[0] ?? null);
      }
      return;
    }
  }

  private _unmark(): void {
    this._current.forEach(mark => mark.classList.remove('qwq-mod-current'));
    this._current = [];
  }

  private _say(): void {
    const { total } = this;
    const more = this._places.some(({ hasMoreHits }) => hasMoreHits) ? '+' : '';
    setText(
      this._said,
      total === 0
        ? 'no match in the texts'
        : `${this._at < 0 ? '–' : number(this._at + 1)} of ${number(total)}${more}`
    );
    for (const step of this.node.querySelectorAll('button')) {
      setAttribute(step, 'aria-disabled', total === 0 ? 'true' : null);
    }
  }

  private _places: IHitPlace[] = [];
  /** Of all matches, the one that one is at; -1: none yet. */
  private _at = -1;
  private _current: Element[] = [];
  private _said = el('span', { class: 'qwq-hits-said', role: 'status' });
}
