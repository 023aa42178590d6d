/** A run as its manifest `qwq_run.json` tells it: read from whatever the file holds, and sorted. */
import { asNumber, asObject, asText } from './values';
import { isLiveState } from './vocabulary';

export const MANIFEST = 'qwq_run.json';
export const RECORD = 'qwq_record.json';
/** The name of the built-in endpoint, which no other can have. */
const DEMO_ENDPOINT = 'demo';

export interface IRun {
  /** The run's folder, as the Contents manager knows it. */
  folder: string;
  name: string;
  state: string;
  demo: boolean;
  model: string;
  benchmarks: string[];
  done: number;
  total: number;
  /** Accuracy of each benchmark, 0…1, or null where nothing is finished. */
  scores: Record<string, number | null>;
  /** ISO 8601, UTC. */
  updated: string;
  command: string;
  /** Why the manifest cannot be read, or empty. */
  problem: string;
}

export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The run in `folder`, whose manifest holds `text`. */
export function readRun(folder: string, text: string): IRun {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return brokenRun(folder, `${MANIFEST} is not valid JSON.`);
  }
  const manifest = asObject(value);
  if (!asText(manifest.run_id) && !asText(manifest.name)) {
    return brokenRun(folder, `${MANIFEST} is not a run’s manifest.`);
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
  const benchmarks = Array.isArray(request.benchmarks)
    ? request.benchmarks.filter(name => typeof name === 'string')
    : [];
  return {
    folder,
    name: asText(manifest.name) || lastPart(folder),
    state: asText(manifest.state) || 'starting',
    demo: isFirst ? manifest.demo === true : endpoint.name === DEMO_ENDPOINT,
    model: asText(endpoint.model),
    benchmarks,
    done: asNumber(manifest.done),
    total: asNumber(manifest.total),
    scores: Object.fromEntries(
      Object.entries(asObject(manifest.scores)).map(([name, share]) => [
        name,
        typeof share === 'number' && Number.isFinite(share) ? share : null
      ])
    ),
    updated: asText(manifest.updated),
    command: asText(manifest.command),
    problem: ''
  };
}

/** A run of which no more is known than why. */
export function brokenRun(folder: string, problem: string): IRun {
  return {
    folder,
    name: lastPart(folder),
    state: '',
    demo: false,
    model: '',
    benchmarks: [],
    done: 0,
    total: 0,
    scores: {},
    updated: '',
    command: '',
    problem
  };
}

/** The one written last first; those that cannot be read at the end. */
export function sortRuns(runs: readonly IRun[]): IRun[] {
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...runs].sort(
    (a, b) => order(b.updated, a.updated) || order(a.folder, b.folder)
  );
}

export function isLive(run: { state: string }): boolean {
  return isLiveState(run.state);
}
