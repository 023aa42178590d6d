/** The axis that all rows of a table share: from below the lowest bound to 100 %. Pure. */
import { SubsetRow } from '../record/record';

export interface IAxis {
  /** Where it begins, a share 0…1; it ends at 1. */
  low: number;
  /** Shares, in order. */
  ticks: number[];
}

/** Where an axis may begin, in per cent: what is above none of these is rounded down to the nearest. */
const STARTS = [0, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95];
const STEPS = [1, 2, 5, 10, 20, 25];
const MOST_TICKS = 5;

/** The axis on which the bounds of all rows have a place, and the published scores. */
export function axisOf(
  rows: readonly SubsetRow[],
  published: Iterable<number>
): IAxis {
  const found = [...published];
  for (const { ci_low, accuracy, mean_score, metric } of rows) {
    const score = metric === '' ? accuracy : mean_score;
    found.push(...[ci_low, score].filter(value => value !== null));
  }
  const lowest = 100 * Math.min(1, ...found.filter(Number.isFinite));
  // A bound on the edge would be drawn half outside.
  const low = [...STARTS].reverse().find(start => start < lowest) ?? 0;
  const step = STEPS.find(each => countOf(low, each) <= MOST_TICKS)!;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= 100; tick += step) {
    ticks.push(tick / 100);
  }
  return { low: low / 100, ticks };
}

function countOf(low: number, step: number): number {
  return Math.floor(100 / step) - Math.ceil(low / step) + 1;
}

/** Where a share lies on the axis: 0 at its beginning, 1 at 100 %. What lies outside is at the edge. */
export function placeOn({ low }: IAxis, share: number): number {
  return Math.min(Math.max((share - low) / (1 - low), 0), 1);
}
