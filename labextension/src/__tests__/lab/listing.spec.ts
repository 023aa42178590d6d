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
