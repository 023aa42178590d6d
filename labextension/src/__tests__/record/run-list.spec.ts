import { describe, expect, it } from 'vitest';

import { compareLine } from '../../record/commands';
import { readLabels, writtenLabels } from '../../record/labels';
import { IRun, readRun } from '../../record/manifest';
import { arranged, differences, IRunQuery } from '../../record/run-list';

function run(name: string, temperature: number, changes: object = {}): IRun {
  const endpoint = {
    name: 'e',
    model: 'QwQ-32B',
    url: 'http://127.0.0.1:8801/v1',
    sampling: { temperature, top_p: 0.95, min_p: null }
  };
  return readRun(
    `sub/qwq_runs/${name}`,
    JSON.stringify({
      run_id: name,
      name,
      state: 'complete',
      request: {
        benchmarks: ['math_500'],
        endpoints: [endpoint],
        selection: { limit: null, repeats: 1, seed: 0 }
      },
      scores: { math_500: temperature },
      updated: '2026-01-02T03:04:05Z',
      ...changes
    })
  );
}

const RUNS = [run('a10', 1), run('a9', 0.2), run('a1', 0.6)];
const LABELS = new Map([['a9', { label: 'Greedy', note: 'for the appendix' }]]);
const QUERY: IRunQuery = { search: '', sort: 'updated', group: '' };

const names = (query: Partial<IRunQuery>): string[] =>
  arranged(RUNS, LABELS, { ...QUERY, ...query }).flatMap(group =>
    group.runs.map(({ name }) => name)
  );

describe('a list of runs', () => {
  it('knows what differs', () => {
    expect(RUNS[0].settings).toEqual({
      temperature: '1',
      top_p: '0.95',
      endpoint: '127.0.0.1:8801'
    });
    expect(differences(RUNS)).toEqual(['temperature']);
    expect(differences([RUNS[0]])).toEqual([]);
  });

  it('is searched for every word, also in labels, notes and settings', () => {
    expect(names({ search: 'temperature 0.2' })).toEqual(['a9']);
    expect(names({ search: 'GREEDY appendix' })).toEqual(['a9']);
    expect(names({ search: 'greedy elsewhere' })).toEqual([]);
  });

  it('is sorted: the best score, the least setting, numbers as numbers', () => {
    expect(names({ sort: 'score' })).toEqual(['a10', 'a1', 'a9']);
    expect(names({ sort: 'temperature' })).toEqual(['a9', 'a1', 'a10']);
    expect(names({ sort: 'name' })).toEqual(['a1', 'a10', 'a9']);
  });

  it('is grouped by sweep: what differs in its sampling alone', () => {
    const other = run('b', 0.6, { request: { benchmarks: ['aime24'] } });
    const groups = arranged([...RUNS, other], LABELS, {
      ...QUERY,
      group: 'sweep'
    });
    expect(groups.map(({ title, runs }) => [title, runs.length])).toEqual([
      ['math_500 over temperature · QwQ-32B', 3],
      ['', 1]
    ]);
  });
});

describe('labels', () => {
  it('are written as they are read, and others’ files are refused', () => {
    expect(readLabels(writtenLabels(LABELS))).toEqual(LABELS);
    expect(() => readLabels('{"runs": {}}')).toThrow(SyntaxError);
    expect(() => readLabels('{')).toThrow(SyntaxError);
    const odd = '{"schema": "qwq_labels.v1", "runs": {"x": 7}}';
    expect(readLabels(odd)).toEqual(new Map([['x', { label: '', note: '' }]]));
  });
});

describe('the line that compares runs', () => {
  it.each([
    [['qwq_runs/a', 'qwq_runs/b'], '%qwq_compare a b'],
    [['out/a', 'out/b b'], "%qwq_compare a 'b b' --out out"],
    [['qwq_runs/a'], null],
    [['qwq_runs/a', 'qwq_runs/$(x)'], null]
  ])('of %j is %j', (folders, line) => expect(compareLine(folders)).toBe(line));
});
