/** The extracted value and the gold one of a sample, in a few plain characters. */
import { SampleView } from '../record/record';
import { oneLine } from '../text/clean';
import { readable } from '../text/readable';

/** The extracted value beside the gold one, or what there is in its place. */
export function valuesOf(row: SampleView): string[] {
  if (row.outcome === 'wrong') {
    return [`${valueOf(row.extracted)} ≠ ${valueOf(row.gold)}`];
  }
  if (row.outcome === 'correct') {
    return [valueOf(row.extracted)];
  }
  if (row.outcome === 'error') {
    return [oneLine(row.error, 80)];
  }
  return row.gold ? [`gold ${valueOf(row.gold)}`] : [];
}

function valueOf(value: string): string {
  return oneLine(readable(value), 60);
}
