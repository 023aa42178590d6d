import { describe, expect, it } from 'vitest';

import {
  missingRecord,
  scoreLines,
  silence,
  stateLine
} from '../../lab/run-text';
import { IRun, readRun, sortRuns } from '../../record/manifest';

const NOW = Date.parse('2026-01-01T12:00:00Z');

function manifest(changes: object = {}): string {
  return JSON.stringify({
    run_id: 'abc',
    name: 'math',
    state: 'complete',
    demo: true,
    endpoint: { model: 'QwQ-32B' },
    benchmarks: ['math_500', 'aime24'],
    total: 1200,
    done: 1200,
    scores: { math_500: 0.906, aime24: null },
    updated: '2026-01-01T11:59:30Z',
    command: '%qwq_eval math_500 aime24',
    ...changes
  });
}

/** The same as version 2 has it: what was asked is an object of its own. */
function second(request: unknown): string {
  const { run_id, name, state, total, done, scores } = JSON.parse(manifest());
  return JSON.stringify({
    schema: 'qwq_run.v2',
    ...{ run_id, name, state, total, done, scores },
    request
  });
}

describe('a manifest', () => {
  it('of the second version is read like one of the first', () => {
    const benchmarks = ['math_500', 'aime24'];
    const endpoints = [{ name: 'demo', model: 'QwQ-32B' }, { name: 'two' }];
    const run = readRun('a', second({ benchmarks, endpoints }));
    expect(run).toMatchObject({ benchmarks, model: 'QwQ-32B', demo: true });
    const other = readRun('a', second({ benchmarks, endpoints: [{}] }));
    expect(other).toMatchObject({ benchmarks, model: '', demo: false });
  });

  it.each([null, [], 'x', { endpoints: null }, { endpoints: [null] }])(
    'whose request is odd does no harm: %j',
    request => {
      expect(readRun('a', second(request))).toMatchObject({
        benchmarks: [],
        model: '',
        demo: false,
        total: 1200
      });
    }
  );

  it('is put into words', () => {
    const run = readRun('sub/qwq_runs/math', manifest());
    expect(run.problem).toBe('');
    expect(run.model).toBe('QwQ-32B');
    expect(stateLine(run, NOW)).toBe('✓ complete · 1,200 of 1,200');
    expect(scoreLines(run)).toEqual([
      ['math_500', '90.6 %'],
      ['aime24', '–']
    ]);
  });

  it.each([
    ['{"torn', 'qwq_run.json is not valid JSON.'],
    ['', 'qwq_run.json is not valid JSON.'],
    ['[1]', 'qwq_run.json is not a run’s manifest.'],
    ['null', 'qwq_run.json is not a run’s manifest.']
  ])('that cannot be read says why: %j', (text, problem) => {
    expect(readRun('runs/broken', text)).toMatchObject({
      name: 'broken',
      problem
    });
  });

  it('of other kinds does no harm', () => {
    const text = manifest({
      name: { toString: 1 },
      state: 7,
      endpoint: null,
      benchmarks: 'math_500',
      total: '10',
      done: null,
      scores: ['x'],
      command: []
    });
    const run = readRun('runs/odd', text);
    expect(run).toMatchObject({ name: 'odd', total: 0, model: '' });
    expect(stateLine(run, NOW)).toBe('? 7 · 0 of 0');
    expect(stateLine({ ...run, state: 'constructor' }, NOW)).toContain('? con');
  });

  it('that says running but has long been silent is doubted', () => {
    const live = { state: 'running', done: 3 };
    const now = readRun('a', manifest(live));
    expect(stateLine(now, NOW)).toBe('▸ running · 3 of 1,200');
    expect(missingRecord(now, NOW)).toContain('is going on (3 of 1,200 done)');
    const silent = readRun(
      'a',
      manifest({ ...live, updated: '2026-01-01T11:00:00Z' })
    );
    expect(stateLine(silent, NOW)).toContain('its kernel may be gone');
    expect(missingRecord(silent, NOW)).toContain('run %qwq_show math once');
    expect(silence(silent, NOW)).toContain('its kernel may be gone');
    expect(silence(now, NOW)).toBe('');
  });

  it('is sorted by when it was written last', () => {
    const run = (name: string, updated: string): IRun =>
      readRun(`runs/${name}`, manifest({ name, updated }));
    const runs = [
      readRun('runs/broken', '?'),
      run('old', '2025-01-01T00:00:00Z'),
      run('b', '2026-01-01T00:00:00Z'),
      run('a', '2026-01-01T00:00:00Z')
    ];
    expect(sortRuns(runs).map(({ name }) => name)).toEqual([
      'a',
      'b',
      'old',
      'broken'
    ]);
  });
});
