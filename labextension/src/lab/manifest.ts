/** A run as its manifest `qwq_run.json` tells it: read from whatever the file holds, sorted, put into words. */
import { LIVE_STATES, number, percent } from '../wording';

export const MANIFEST = 'qwq_run.json';
export const RECORD = 'qwq_record.json';

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

/** Plain signs that every font has; the word always stands beside them. */
const STATE_SIGNS: Record<string, string> = {
  starting: '…',
  running: '▸',
  paused: '‖',
  stopped: '■',
  failed: '✗',
  complete: '✓'
};

/** A live run writes its manifest every few seconds; one that has not for so long may be dead. */
const SILENT_AFTER = 3 * 60; // seconds

type Json = { [key: string]: unknown };

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function asNumber(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
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
  const benchmarks = Array.isArray(manifest.benchmarks)
    ? manifest.benchmarks.filter(name => typeof name === 'string')
    : [];
  return {
    folder,
    name: asText(manifest.name) || lastPart(folder),
    state: asText(manifest.state) || 'starting',
    demo: manifest.demo === true,
    model: asText(asObject(manifest.endpoint).model),
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
  return LIVE_STATES.includes(run.state);
}

/** Whether the manifest says that the run is going although nothing has been heard of it for long. */
export function isSilent(run: IRun, now: number): boolean {
  const written = Date.parse(run.updated);
  return isLive(run) && now - written > 1000 * SILENT_AFTER;
}

/** `✓ complete · 50 of 50`. */
export function stateLine(run: IRun, now: number): string {
  const sign = Object.hasOwn(STATE_SIGNS, run.state)
    ? STATE_SIGNS[run.state]
    : '?';
  const facts = [
    `${sign} ${run.state}`,
    `${number(run.done)} of ${number(run.total)}`
  ];
  if (isSilent(run, now)) {
    facts.push('silent: its kernel may be gone');
  }
  return facts.join(' · ');
}

/** Each benchmark of the run with its score in per cent. */
export function scoreLines(run: IRun): [benchmark: string, score: string][] {
  const names = [...new Set([...run.benchmarks, ...Object.keys(run.scores)])];
  return names.map(name => [
    name,
    percent(Object.hasOwn(run.scores, name) ? run.scores[name] : null)
  ]);
}

/** What stands in the viewer's place where the run has no record to show. */
export function missingRecord(run: IRun, now: number): string {
  if (isLive(run) && !isSilent(run, now)) {
    return `The run ${run.name} is going on (${number(run.done)} of ${number(run.total)} done); it is shown here as soon as its record is written.`;
  }
  return `The run ${run.name} has no ${RECORD} yet: run %qwq_show ${run.name} once, which writes it.`;
}

/** What stands above the record of a run whose kernel seems to be gone; of any other run, nothing. */
export function silence(run: IRun, now: number): string {
  return isSilent(run, now)
    ? `Nothing has been heard of this run since ${run.updated}: its kernel may be gone. %qwq_show ${run.name} brings this view up to date.`
    : '';
}
