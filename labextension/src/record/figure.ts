/** What a figure of `%qwq_budget` says of its runs and of the bar that was clicked: JSON that nobody has checked. */
import { asObject, asText } from './values';

/** A sample of a run, and the run's folder as the kernel knows it. */
export interface IPlace {
  runDir: string;
  id: string;
  repeat: number;
}

/** The folders of the runs that a figure draws, by the axis of each; null where it is no figure of ours. */
export function runsOf(meta: unknown): Map<string, string> | null {
  const own = asObject(asObject(meta).qwq);
  if (asText(own.study) !== 'budget') {
    return null;
  }
  const runs = Object.entries(asObject(own.runs));
  return new Map(
    runs.flatMap(([axis, folder]) =>
      typeof folder === 'string' && folder !== '' ? [[axis, folder]] : []
    )
  );
}

/** The sample of a point of plotly's (`customdata`: label, id, repeat, …); null where it is none. */
export function placeOf(meta: unknown, point: unknown): IPlace | null {
  const { customdata, data } = asObject(point);
  if (!Array.isArray(customdata)) {
    return null;
  }
  const [, id, repeat] = customdata as unknown[];
  const runDir = runsOf(meta)?.get(asText(asObject(data).xaxis) || 'x');
  return runDir !== undefined &&
    typeof id === 'string' &&
    id !== '' &&
    Number.isInteger(repeat)
    ? { runDir, id, repeat: repeat as number }
    : null;
}
