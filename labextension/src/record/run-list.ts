/** A list of runs as it is shown: what differs between them, which are searched for, in what order, in what groups. */
import { IRun, lastPart } from './manifest';
import { Labels } from './labels';

export type Grouping = '' | 'sweep' | 'benchmark' | 'model';

export interface IRunQuery {
  search: string;
  /** `updated`, `name`, `score`, `done`, or the name of a setting. */
  sort: string;
  group: Grouping;
}

export interface IRunGroup {
  /** Empty: the runs of no group. */
  title: string;
  runs: IRun[];
}

/** Settings that a line about a run has room for. */
const MOST_DIFFERENCES = 8;

/** The names of the settings that are not the same in all of the runs, those that most runs have first. */
export function differences(runs: readonly IRun[]): string[] {
  const names = new Map<string, number>();
  for (const run of runs) {
    for (const name of Object.keys(run.settings)) {
      names.set(name, (names.get(name) ?? 0) + 1);
    }
  }
  return [...names]
    .filter(
      ([name]) => new Set(runs.map(run => run.settings[name] ?? '')).size > 1
    )
    .sort(([, a], [, b]) => b - a)
    .map(([name]) => name)
    .slice(0, MOST_DIFFERENCES);
}

/** The runs that hold every word of the search, in order, in groups of which the newest comes first. */
export function arranged(
  runs: readonly IRun[],
  labels: Labels,
  query: IRunQuery
): IRunGroup[] {
  const words = query.search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = runs.filter(run => {
    const text = textOf(run, labels);
    return words.every(word => text.includes(word));
  });
  const inOrder = sorted(found, labels, query.sort);
  if (query.group === '') {
    return [{ title: '', runs: inOrder }];
  }
  const groups = new Map<string, IRun[]>();
  for (const run of inOrder) {
    const key = keyOf(run, query.group);
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  const titled: IRunGroup[] = [];
  const rest: IRun[] = [];
  for (const [key, own] of groups) {
    const isSweep = query.group !== 'sweep' || differences(own).length > 0;
    if (key !== '' && own.length > 1 && isSweep) {
      titled.push({ title: titleOf(key, own, query.group), runs: own });
    } else {
      rest.push(...own);
    }
  }
  return rest.length ? [...titled, { title: '', runs: rest }] : titled;
}

/** What a run is called: as its reader does, else by its own name. */
export function labelIn(labels: Labels, run: IRun): string {
  return labels.get(lastPart(run.folder))?.label ?? '';
}

function textOf(run: IRun, labels: Labels): string {
  const own = labels.get(lastPart(run.folder));
  const settings = Object.entries(run.settings).map(each => each.join(' '));
  return [
    run.name,
    run.folder,
    run.model,
    run.state,
    run.demo ? 'demo' : '',
    ...run.benchmarks,
    ...settings,
    own?.label ?? '',
    own?.note ?? ''
  ]
    .join('\n')
    .toLowerCase();
}

function sorted(runs: IRun[], labels: Labels, sort: string): IRun[] {
  if (sort === 'updated') {
    return runs; // as they are listed
  }
  const value = (run: IRun): string | number | null => {
    switch (sort) {
      case 'name':
        return (labelIn(labels, run) || run.name).toLowerCase();
      case 'score':
        return scoreOf(run);
      case 'done':
        return run.total ? run.done / run.total : null;
      default:
        return run.settings[sort] ?? null;
    }
  };
  // The best first; names and settings from the least on. What is not known comes last.
  const sign = sort === 'score' || sort === 'done' ? -1 : 1;
  return [...runs].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === null || y === null) {
      return Number(x === null) - Number(y === null);
    }
    return typeof x === 'number' && typeof y === 'number'
      ? sign * (x - y)
      : sign * collator.compare(String(x), String(y));
  });
}

const collator = new Intl.Collator('en', { numeric: true });

/** The mean of a run's scores; null where it has none. */
function scoreOf(run: IRun): number | null {
  const known = Object.values(run.scores).filter(score => score !== null);
  return known.length
    ? known.reduce((sum, score) => sum + score, 0) / known.length
    : null;
}

function keyOf(run: IRun, group: Grouping): string {
  switch (group) {
    case 'benchmark':
      return run.benchmarks.join(', ');
    case 'model':
      return run.model;
    default:
      return run.sweep;
  }
}

function titleOf(key: string, runs: IRun[], group: Grouping): string {
  if (group !== 'sweep') {
    return key;
  }
  const [first] = runs;
  const over = differences(runs).join(', ');
  return `${first.benchmarks.join(', ')} over ${over} · ${first.model}`;
}
