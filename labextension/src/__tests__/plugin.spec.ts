import { Contents } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { folderOf, join, runsFolder } from '../lab/files';
import { RunListing } from '../lab/listing';
import {
  IRun,
  missingRecord,
  readRun,
  scoreLines,
  silence,
  sortRuns,
  stateLine
} from '../lab/manifest';
import { DEFAULTS, readSettings } from '../lab/settings';

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

describe('a manifest', () => {
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
    expect(stateLine(run, NOW)).toBe('… starting · 0 of 0');
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

describe('paths', () => {
  it.each([
    ['', 'qwq_runs'],
    ['a/b', 'a/b/qwq_runs'],
    ['RTC:', 'RTC:qwq_runs'],
    ['RTC:a', 'RTC:a/qwq_runs'],
    ['a/qwq_runs', 'a/qwq_runs'],
    ['a/qwq_runs/one/reviews', 'a/qwq_runs']
  ])('the runs of %j are in %j', (folder, runs) => {
    expect(runsFolder(folder)).toBe(runs);
  });

  it('are cut and joined, with a drive or without', () => {
    expect(folderOf('here.ipynb')).toBe('');
    expect(folderOf('RTC:a/here.ipynb')).toBe('RTC:a');
    expect(folderOf('RTC:here.ipynb')).toBe('RTC:');
    expect(join('', 'x')).toBe('x');
    expect(join('RTC:', 'x')).toBe('RTC:x');
    expect(join('a/b', 'x')).toBe('a/b/x');
  });
});

/** Folders and files of a server, and what is asked of it. */
class Server {
  asked: string[] = [];

  constructor(public files: Record<string, string>) {}

  readonly contents = {
    get: async (path: string) => {
      this.asked.push(path);
      if (path in this.files) {
        return { content: this.files[path] };
      }
      const below = Object.keys(this.files).filter(
        file => path === '' || file.startsWith(`${path}/`)
      );
      if (below.length === 0) {
        throw Object.assign(new Error('Not Found'), {
          response: { status: 404 }
        });
      }
      const start = path === '' ? 0 : path.length + 1;
      const names = new Set(below.map(file => file.slice(start).split('/')[0]));
      return {
        content: [...names].map(name => ({
          name,
          type: below.some(file => file.slice(start).startsWith(`${name}/`))
            ? 'directory'
            : 'file',
          last_modified: 'then'
        }))
      };
    }
  } as unknown as Contents.IManager;
}

describe('a listing', () => {
  it('holds the runs below a folder, and reads again what may have changed', async () => {
    const server = new Server({
      'qwq_runs/old/qwq_run.json': manifest({ name: 'old', updated: '1' }),
      'qwq_runs/new/qwq_run.json': manifest({
        name: 'new',
        state: 'running',
        updated: '2'
      }),
      'qwq_runs/none/notes.txt': '',
      'qwq_runs/stray.txt': ''
    });
    const listing = new RunListing(server.contents);
    const names = async (anew = false): Promise<string[]> =>
      (await listing.read('qwq_runs', anew)).runs.map(({ name }) => name);
    expect(await names()).toEqual(['new', 'old']);
    server.asked = [];
    expect(await names()).toEqual(['new', 'old']);
    expect(server.asked).toEqual(['qwq_runs', 'qwq_runs/new/qwq_run.json']);
    server.asked = [];
    expect(await names(true)).toEqual(['new', 'old']);
    expect(server.asked).toContain('qwq_runs/old/qwq_run.json');
  });

  it('of a folder that is not there is empty, and asks for nothing that is missing', async () => {
    const server = new Server({ 'a/here.ipynb': '' });
    const { runs, problem } = await new RunListing(server.contents).read(
      'a/qwq_runs',
      false
    );
    expect([runs, problem]).toEqual([[], '']);
    expect(server.asked).toEqual(['a']);
  });

  it('that is refused says why', async () => {
    const contents = {
      get: () =>
        Promise.reject(
          Object.assign(new Error('Forbidden'), { response: { status: 403 } })
        )
    } as unknown as Contents.IManager;
    const { problem } = await new RunListing(contents).read('qwq_runs', false);
    expect(problem).toBe('qwq_runs cannot be listed: no permission.');
  });
});

describe('settings', () => {
  it('that are missing or of another kind are the defaults', () => {
    expect(readSettings({})).toEqual(DEFAULTS);
    expect(
      readSettings({ density: 'x', wrap: 'no', refreshSeconds: NaN })
    ).toEqual(DEFAULTS);
    expect(
      readSettings({ density: 'compact', wrap: false, refreshSeconds: 0 })
    ).toEqual({
      ...DEFAULTS,
      density: 'compact',
      wrap: false,
      refreshSeconds: 1
    });
  });
});
