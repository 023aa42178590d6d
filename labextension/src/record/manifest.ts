/** A run as its manifest `qwq_run.json` tells it: read from whatever the file holds, and sorted. */
import {
  asNumber,
  asObject,
  asText,
  clipped,
  inWords,
  parseJson
} from './values';
import { isLiveState } from './vocabulary';

export const MANIFEST = 'qwq_run.json';
export const RECORD = 'qwq_record.json';
/** What a notebook's output is to hold of the run, by mime type. */
export const OUTPUT = 'qwq_output.json';
/** The name of the built-in endpoint, which no other can have. */
const DEMO_ENDPOINT = 'demo';
/** Characters of a text that are kept: a list of runs has room for no more. */
const LONGEST = 300;
const LONGEST_SETTING = 60;
const LONGEST_SWEEP = 4_000;
const MOST_SETTINGS = 30;
/** Benchmarks that are kept. */
const MOST_BENCHMARKS = 100;
const DAY = 24 * 3_600_000; // milliseconds

export interface IRun {
  /** The run's folder, as the Contents manager knows it. */
  folder: string;
  runId: string;
  name: string;
  state: string;
  demo: boolean;
  model: string;
  benchmarks: string[];
  done: number;
  total: number;
  /** How many the manifest names, of which only the first are kept. */
  benchmarkCount: number;
  /** Accuracy of each benchmark, 0…1, or null where nothing is finished. */
  scores: Record<string, number | null>;
  /** Names of the scores that are not 0 or 1, by benchmark: their mean stands in `scores`. */
  metrics: Record<string, string>;
  /** Of each benchmark of which a part was asked: the answers behind its score, and those that all problems would have. */
  estimated: Record<string, [answered: number, whole: number]>;
  /**
   * What was asked, by name, as it is shown: the sampling, then `endpoint`, `levels`, `limit` and the like. What is not
   * known, or is as it always is, is not there.
   */
  settings: Record<string, string>;
  /** What runs of one sweep have in common, as a text to compare; empty where it is not known. */
  sweep: string;
  /** ISO 8601, UTC, as the manifest says. */
  created: string;
  updated: string;
  /** When the manifest was written last, in milliseconds since 1970; 0 where neither it nor its file says so credibly. */
  written: number;
  /** Why the manifest cannot be read, in half a sentence, or empty. */
  problem: string;
}

export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A time in milliseconds since 1970, or null where it is none that can have been, give or take clocks that differ. */
export function timeOf(said: string, now: number): number | null {
  const time = Date.parse(said);
  return time <= now + DAY ? time : null; // of what is no time, NaN
}

/** The run in `folder`, whose manifest holds `text` and was changed at `modified` as its server says. */
export function readRun(
  folder: string,
  text: string,
  modified = '',
  now = Date.now()
): IRun {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return brokenRun(folder, `${MANIFEST} is not valid JSON`);
  }
  const manifest = asObject(value);
  if (!asText(manifest.run_id) && !asText(manifest.name)) {
    return brokenRun(folder, `${MANIFEST} is not a run’s manifest`);
  }
  // What was asked stood beside the other fields in version 1, and is an object of its own since.
  const isFirst = manifest.request === undefined;
  const request = isFirst ? manifest : asObject(manifest.request);
  const endpoint = asObject(
    isFirst
      ? manifest.endpoint
      : Array.isArray(request.endpoints)
        ? request.endpoints[0]
        : undefined
  );
  const asked: string[] = Array.isArray(request.benchmarks)
    ? request.benchmarks.filter(name => typeof name === 'string')
    : [];
  const scores = Object.entries(asObject(manifest.scores));
  const updated = shortText(manifest.updated);
  return {
    folder,
    runId: shortText(manifest.run_id),
    name: shortText(manifest.name) || lastPart(folder),
    state: shortText(manifest.state) || 'starting',
    demo: isFirst ? manifest.demo === true : endpoint.name === DEMO_ENDPOINT,
    model: shortText(endpoint.model),
    benchmarks: asked.slice(0, MOST_BENCHMARKS).map(shortText),
    benchmarkCount: new Set([...asked, ...scores.map(([name]) => name)]).size,
    done: asNumber(manifest.done),
    total: asNumber(manifest.total),
    scores: Object.fromEntries(
      scores
        .slice(0, MOST_BENCHMARKS)
        .map(([name, share]) => [
          shortText(name),
          typeof share === 'number' && Number.isFinite(share) ? share : null
        ])
    ),
    metrics: Object.fromEntries(
      Object.entries(asObject(manifest.metrics))
        .slice(0, MOST_BENCHMARKS)
        .filter(([, metric]) => typeof metric === 'string' && metric !== '')
        .map(([name, metric]) => [shortText(name), shortText(metric)])
    ),
    estimated: Object.fromEntries(
      Object.entries(asObject(manifest.estimated))
        .slice(0, MOST_BENCHMARKS)
        .filter(([, pair]) => Array.isArray(pair) && pair.length === 2)
        .map(([name, pair]) => {
          const [answered, whole] = pair as unknown[];
          return [shortText(name), [asNumber(answered), asNumber(whole)]];
        })
    ),
    settings: settingsOf(endpoint, asObject(request.selection)),
    sweep: isFirst ? '' : sweepOf(request, endpoint),
    created: shortText(manifest.created),
    updated,
    // A date to come would keep a run on top for good.
    written: timeOf(updated, now) ?? timeOf(modified, now) ?? 0,
    problem: ''
  };
}

function settingsOf(
  endpoint: Record<string, unknown>,
  selection: Record<string, unknown>
): Record<string, string> {
  const found: [string, string][] = Object.entries(asObject(endpoint.sampling))
    .slice(0, MOST_SETTINGS)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [shortText(name), inWords(value, LONGEST_SETTING)]);
  const { repeats, limit, levels, subsets, seed } = selection;
  const more: [string, unknown, unknown][] = [
    ['endpoint', hostOf(asText(endpoint.url)), ''],
    ['levels', Array.isArray(levels) ? levels.join(', ') : null, null],
    ['subsets', Array.isArray(subsets) ? subsets.join(', ') : null, null],
    ['limit', limit, null],
    ['repeats', repeats, 1],
    ['seed', seed, 0]
  ];
  for (const [name, value, usual] of more) {
    if (value !== usual && value !== undefined && value !== null) {
      found.push([name, inWords(value, LONGEST_SETTING)]);
    }
  }
  return Object.fromEntries(found);
}

/** `127.0.0.1:8801`; of what is no address, nothing. */
function hostOf(url: string): string {
  try {
    return shortText(new URL(url).host);
  } catch {
    return '';
  }
}

/** All that was asked but the sampling: runs of a sweep have it in common. */
function sweepOf(
  request: Record<string, unknown>,
  endpoint: Record<string, unknown>
): string {
  const { benchmarks, selection, source } = request;
  const { model, url } = endpoint;
  return inWords([benchmarks, model, url, selection, source], LONGEST_SWEEP);
}

function shortText(value: unknown): string {
  return clipped(asText(value), LONGEST);
}

/** A run of which no more is known than why. */
export function brokenRun(folder: string, problem: string): IRun {
  return {
    folder,
    runId: '',
    name: lastPart(folder),
    state: '',
    demo: false,
    model: '',
    benchmarks: [],
    benchmarkCount: 0,
    done: 0,
    total: 0,
    scores: {},
    metrics: {},
    estimated: {},
    settings: {},
    sweep: '',
    created: '',
    updated: '',
    written: 0,
    problem
  };
}

/** The one written last first; those that cannot be read at the end. */
export function sortRuns(runs: readonly IRun[]): IRun[] {
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...runs].sort(
    (a, b) => b.written - a.written || order(a.folder, b.folder)
  );
}

export function isLive(run: { state: string }): boolean {
  return isLiveState(run.state);
}
