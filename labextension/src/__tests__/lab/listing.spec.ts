import { Contents } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';

import { RunListing } from '../../lab/listing';

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

/** Folders and files of a server, and what is asked of it. */
class Server {
  /** Paths, with `?` where the content was not asked for. */
  asked: string[] = [];
  sizes: Record<string, number> = {};
  times: Record<string, string> = {};
  /** Reads that end in another way. */
  reads: Record<string, () => Promise<unknown>> = {};

  constructor(public files: Record<string, string>) {}

  readonly contents = {
    get: async (path: string, { content }: Contents.IFetchOptions) => {
      this.asked.push(content ? path : `${path}?`);
      if (path in this.files) {
        const file = this.files[path];
        const size = this.sizes[path] ?? file.length;
        const last_modified = this.times[path] ?? 'then';
        if (content && path in this.reads) {
          return this.reads[path]();
        }
        return {
          type: 'file',
          size,
          last_modified,
          content: content ? file : null
        };
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
          last_modified: this.times[start ? `${path}/${name}` : name] ?? 'then'
        }))
      };
    }
  } as unknown as Contents.IManager;
}

describe('a listing', () => {
  it('holds the runs below a folder, and reads again what may have changed', async () => {
    const server = new Server({
      'qwq_runs/old/qwq_run.json': manifest({
        name: 'old',
        updated: '2025-01-01T00:00:00Z'
      }),
      'qwq_runs/new/qwq_run.json': manifest({
        name: 'new',
        state: 'running',
        updated: '2026-01-01T00:00:00Z'
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
    // A run that goes on: whether its manifest has changed, and no more where it has not.
    expect(server.asked).toEqual(['qwq_runs', 'qwq_runs/new/qwq_run.json?']);
    server.asked = [];
    server.times['qwq_runs/new/qwq_run.json'] = 'later';
    expect(await names()).toEqual(['new', 'old']);
    expect(server.asked).toContain('qwq_runs/new/qwq_run.json');
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

  const file = (name: string): string => `qwq_runs/${name}/qwq_run.json`;
  const many = (...names: string[]): Server =>
    new Server(
      Object.fromEntries(names.map(name => [file(name), manifest({ name })]))
    );
  const said = async (
    listing: RunListing
  ): Promise<[runs: string[], unread: string[]]> => {
    const { runs, unread } = await listing.read('qwq_runs', false);
    return [
      runs.map(({ name }) => name),
      unread.map(({ folder, problem }) => `${folder.slice(9)}: ${problem}`)
    ];
  };

  it('never asks for the content of what is too large', async () => {
    const server = many('bomb', 'good');
    server.sizes[file('bomb')] = 100_000_000;
    expect(await said(new RunListing(server.contents))).toEqual([
      ['good'],
      ['bomb: too large: 100 MB, at most 5 MB']
    ]);
    expect(server.asked).toContain(`${file('bomb')}?`);
    expect(server.asked).not.toContain(file('bomb'));
    // The control: the same file of a size that may be read.
    server.sizes[file('bomb')] = 4_000_000;
    server.asked = [];
    const [runs] = await said(new RunListing(server.contents));
    expect(runs).toEqual(['bomb', 'good']);
    expect(server.asked).toContain(file('bomb'));
  });

  it('reads the small ones first, and of the large ones so many', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `big${i}`);
    const server = many(...names, 'good');
    for (const name of names) {
      server.sizes[file(name)] = 4_900_000;
    }
    const [runs, unread] = await said(new RunListing(server.contents));
    expect(runs).toContain('good');
    expect(runs).toHaveLength(11);
    expect(unread).toHaveLength(10);
    expect(unread[0]).toContain('too large together with the others');
  });

  it('does not wait for a read that never ends, and asks for it no second time', async () => {
    const server = many('a', 'b', 'hangs', 'z');
    let answer = (_: unknown): void => undefined;
    server.reads[file('hangs')] = () =>
      new Promise(resolve => (answer = resolve));
    const listing = new RunListing(server.contents, 0.05);
    expect(await said(listing)).toEqual([
      ['a', 'b', 'z'],
      ['hangs: no answer in 0.05 seconds']
    ]);
    server.asked = [];
    const [runs, unread] = await said(listing);
    expect(runs).toEqual(['a', 'b', 'z']);
    expect(unread[0]).toContain('has not answered');
    expect(server.asked).toEqual(['qwq_runs']);
    // Once it has been answered after all, it is asked anew.
    delete server.reads[file('hangs')];
    answer({ content: '' });
    await new Promise(resolve => setTimeout(resolve));
    expect((await said(listing))[0]).toEqual(['a', 'b', 'hangs', 'z']);
  });

  it('leaves the page its connections when all reads hang', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `hangs${i}`);
    const server = many(...names);
    for (const name of names) {
      server.reads[file(name)] = () => new Promise(() => undefined);
    }
    const listing = new RunListing(server.contents, 0.05);
    expect((await said(listing))[1]).toHaveLength(30);
    expect((await said(listing))[1]).toHaveLength(30);
    const reads = server.asked.filter(path => path.endsWith('.json'));
    // A browser has six connections to a server.
    expect(reads.length).toBeLessThan(6);
  });

  it('does not look into folders of a time to come before the others', async () => {
    const forged = Array.from({ length: 300 }, (_, i) => `forged${i}`);
    const server = many(...forged, 'good');
    server.times['qwq_runs/good'] = '2026-01-01T00:00:00Z';
    for (const name of forged) {
      server.times[`qwq_runs/${name}`] = '9999-01-01T00:00:00Z';
    }
    const { runs, left } = await new RunListing(server.contents).read(
      'qwq_runs',
      false
    );
    expect(runs.map(({ name }) => name)).toContain('good');
    expect([runs.length, left]).toEqual([200, 101]);
  });
});
