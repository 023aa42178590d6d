import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { environmentOf, serverPath } from '../../lab/resolver';
import { isOf } from '../../model/entry';
import { TraceFetcher } from '../../model/fetcher';
import { RunModel } from '../../model/model';
import {
  eachLine,
  parseRow,
  readTraces,
  rowNumbers,
  tracePath
} from '../../model/traces';
import { readRecord } from '../../record/record';

afterEach(() => vi.unstubAllGlobals());

describe('traces', () => {
  it.each([
    [
      'qwq_runs/a',
      'predictions/m/math_500_Level 1.jsonl',
      'qwq_runs/a/predictions/m/math_500_Level 1.jsonl'
    ],
    ['/home/me/runs/a/', 'b.jsonl', '/home/me/runs/a/b.jsonl'],
    ['runs\\a', 'p\\b.jsonl', 'runs/a/p/b.jsonl'],
    ['../a', 'b', null],
    ['a', '../b', null],
    ['a', '/etc/passwd', null],
    ['https://evil.invalid', 'b', null],
    ['//evil.invalid/a', 'b', null],
    ['javascript:alert(1)', 'b', null],
    ['', 'b', null]
  ])('of %s, %s are at %s', (dir, file, path) =>
    expect(tracePath(dir, file)).toBe(path)
  );

  const prediction = (id: string, reasoning: string): string =>
    JSON.stringify({
      index: 0,
      model_output: {
        choices: [
          {
            message: {
              content: [
                { type: 'reasoning', reasoning },
                { type: 'text', text: 'answer' }
              ]
            }
          }
        ]
      },
      qwq: { id, repeat: 0 }
    });

  it('are read from rows of either file', () => {
    expect(parseRow(prediction('a', 'r'))).toEqual({
      key: '0 a',
      foreign: false,
      trace: { reasoning: 'r', answer: 'answer', prompt: null }
    });
    expect(
      parseRow(
        '{"kind":"partial","id":"b","repeat":1,"completion":{"reasoning":"x","answer":""}}'
      )
    ).toEqual({
      key: '1 b',
      foreign: false,
      trace: { reasoning: 'x', answer: '', prompt: null }
    });
    for (const line of [
      '',
      '{',
      'null',
      '[]',
      '{"qwq":{"id":1}}',
      '{"qwq":{"id":"a","repeat":0}}'
    ]) {
      expect(parseRow(line)).toBeNull();
    }
  });

  it.each([
    [
      [{ role: 'user', content: 'What?' }],
      [{ role: 'user', content: 'What?' }]
    ],
    [
      [{ role: 'user', content: [{ type: 'text', text: 'What?' }] }],
      [{ role: 'user', content: 'What?' }]
    ],
    [
      [
        { role: 'user', content: 'What?' },
        {
          role: 'assistant',
          content: [{ type: 'reasoning' }, { type: 'text' }]
        }
      ],
      [{ role: 'user', content: 'What?' }]
    ],
    [[{ role: 'assistant', content: 'That.' }], null],
    [[{ role: 'user', content: [{ type: 'image', image: 'x' }] }], null],
    [[{ role: 3, content: 'What?' }], null],
    [['What?'], null],
    ['What?', null],
    [[], null]
  ])('have a prompt where all of it is text: %j', (messages, prompt) => {
    const row = { ...JSON.parse(prediction('a', 'r')), messages };
    expect(parseRow(JSON.stringify(row))?.trace.prompt).toEqual(prompt);
  });

  it('are found in a file that comes in pieces, the later row of two, and none in a torn line', async () => {
    const file = [
      prediction('a', 'first'),
      prediction('b', 'x😀y'),
      prediction('a', 'second'),
      prediction('a', 'torn')
    ].join('\n');
    const bytes = new TextEncoder().encode(file);
    const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) =>
      bytes.slice(7 * i, 7 * i + 7)
    );
    const stream = new ReadableStream({
      start: controller => {
        pieces.forEach(piece => controller.enqueue(piece));
        controller.close();
      }
    });
    vi.stubGlobal('fetch', async () => new Response(stream));
    const found: Record<string, string> = {};
    await readTraces(async path => path, 'a', {
      keys: new Set(['0 a', '0 b']),
      found: (key, trace) => (found[key] = trace.reasoning)
    });
    expect(found).toEqual({ '0 a': 'second', '0 b': 'x😀y' });
  });
});

describe('rows that evalscope wrote itself', () => {
  const foreign = (index: number, reasoning: string): string =>
    JSON.stringify({
      index,
      model: 'QwQ-32B',
      model_output: {
        choices: [
          {
            message: {
              content: [
                { type: 'reasoning', reasoning },
                { type: 'text', text: 'answer' }
              ]
            }
          }
        ]
      },
      messages: []
    });

  async function read(
    lines: string[],
    keys: string[],
    repeats: number
  ): Promise<Record<string, string>> {
    vi.stubGlobal('fetch', async () => new Response(lines.join('\n') + '\n'));
    const found: Record<string, string> = {};
    await readTraces(async path => path, 'a', {
      keys: new Set(keys),
      found: (key, trace, isForeign) => {
        expect(isForeign).toBe(true);
        found[key] = trace.reasoning;
      },
      repeats
    });
    return found;
  }

  it('are found by their number', async () => {
    const lines = [
      foreign(0, 'zero'),
      foreign(1, 'one'),
      foreign(12, 'twelve')
    ];
    expect(await read(lines, ['0 aime24/1', '0 aime24/12'], 1)).toEqual({
      '0 aime24/1': 'one',
      '0 aime24/12': 'twelve'
    });
    expect(
      await read(lines, ['0 math_500/level-1/0', '0 math_500/level-1/2'], 1)
    ).toEqual({ '0 math_500/level-1/0': 'zero' });
  });

  it('are numbered by sample and repeat', async () => {
    const lines = [4, 5, 6, 7].map(index => foreign(index, `row ${index}`));
    expect(await read(lines, ['0 aime24/1', '3 aime24/1'], 4)).toEqual({
      '0 aime24/1': 'row 4',
      '3 aime24/1': 'row 7'
    });
    expect([...rowNumbers(['2 a b/c/3', '0 none'], 4)]).toEqual([
      [14, '2 a b/c/3']
    ]);
  });

  it('may have a plain string for content, and no place', () => {
    const row = JSON.stringify({
      index: 3,
      model_output: { choices: [{ message: { content: 'all' } }] }
    });
    expect(parseRow(row, new Map([[3, 'key']]))).toEqual({
      key: 'key',
      foreign: true,
      trace: { reasoning: '', answer: 'all', prompt: null }
    });
    expect(parseRow(row)).toBeNull();
  });

  it('of another sample are told by how they begin', () => {
    expect(isOf({ text: 'Let me', omitted: 3, at: 4 }, 'Let us')).toBe(true);
    expect(isOf({ text: 'Let me', omitted: 3, at: 6 }, 'Let us')).toBe(false);
    expect(isOf({ text: 'Let me', omitted: 0, at: 0 }, 'Let us')).toBe(false);
    expect(isOf(null, 'anything')).toBe(true);
  });
});

describe('the run’s folder', () => {
  const resolver = (
    resolvePath?: IRenderMime.IResolver['resolvePath']
  ): IRenderMime.IResolver => ({
    resolveUrl: async url => `notebooks/${url}`,
    getDownloadUrl: async path => `http://here.invalid/files/${path}`,
    resolvePath
  });

  it('is below the notebook’s where it is relative', async () => {
    expect(await serverPath(resolver(), 'runs/a b/c.jsonl')).toBe(
      'notebooks/runs/a%20b/c.jsonl'
    );
  });

  it.each(['/home/me/runs/a.jsonl', 'C:/runs/a.jsonl'])(
    'may be absolute, and within the server’s: %s',
    async path => {
      const within = resolver(async () => ({
        path: 'runs/a b',
        scope: 'server'
      }));
      expect(await serverPath(within, path)).toBe('runs/a%20b');
      const message = 'outside the folder that this server shows';
      for (const other of [
        resolver(),
        resolver(async () => null),
        resolver(async path => ({ path, scope: 'kernel' }))
      ]) {
        await expect(serverPath(other, path)).rejects.toThrow(message);
      }
    }
  );

  async function noteOf(
    runDir: string,
    resolvePath?: IRenderMime.IResolver['resolvePath']
  ): Promise<string> {
    vi.stubGlobal('document', { baseURI: 'http://here.invalid/lab' });
    vi.stubGlobal('window', { location: { origin: 'http://here.invalid' } });
    const model = new RunModel();
    const sample = {
      id: 'a/1',
      repeat: 0,
      outcome: 'wrong',
      reasoning: { text: 'x', omitted: 9 },
      file: 'predictions/m/a.jsonl'
    };
    model.update(readRecord({ run_dir: runDir, samples: [sample] })!);
    const { locate } = environmentOf({
      resolver: resolver(resolvePath),
      latexTypesetter: null,
      linkHandler: null
    });
    const fetcher = new TraceFetcher(model, locate, () => {});
    const entry = model.repeats('a/1')[0];
    await fetcher.fetch(entry);
    return fetcher.note(entry);
  }

  it.each([
    '/else/where',
    '../../up',
    '//other.invalid/a',
    'https://x.invalid'
  ])(
    'that the server does not show (%s) is said to be so, and nothing is asked for',
    async runDir => {
      const fetch = vi.fn();
      vi.stubGlobal('fetch', fetch);
      const note = await noteOf(runDir, async path => ({
        path,
        scope: 'kernel'
      }));
      expect(note).toContain('The whole text is not at hand');
      expect(note).toContain('outside the folder that this server shows');
      expect(fetch).not.toHaveBeenCalled();
    }
  );

  it('is asked for where the server shows it', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url);
      return new Response('', { status: 404 });
    });
    const note = await noteOf('/srv/runs/a', async path => ({
      path: path.replace('/srv/', ''),
      scope: 'server'
    }));
    expect(asked).toEqual([
      'http://here.invalid/files/runs/a/predictions/m/a.jsonl'
    ]);
    expect(note).toContain('(not there): /srv/runs/a/predictions');
  });
});

describe('a file of any size', () => {
  const stream = (parts: string[]): ReadableStream<Uint8Array> =>
    new ReadableStream({
      pull(controller) {
        const part = parts.shift();
        if (part === undefined) {
          controller.close();
        } else {
          controller.enqueue(new TextEncoder().encode(part));
        }
      }
    });
  const lines = async (
    parts: string[],
    limits: { mostBytes?: number; longest?: number }
  ): Promise<string[]> => {
    const found: string[] = [];
    await eachLine(stream(parts), line => found.push(line), limits);
    return found;
  };

  it('is read so far and no further', async () => {
    const zeros = Array.from({ length: 50 }, () => '\0'.repeat(100));
    const mostBytes = 1_000;
    await expect(lines([...zeros], { mostBytes })).rejects.toThrow('too large');
    expect(zeros).toHaveLength(50);
    expect(await lines([...zeros, '\n'], {})).toHaveLength(1); // the control
  });

  it('has no line that is too long, and all others', async () => {
    const parts = ['a\nbb', 'bb'.repeat(10), '\nc\n'];
    expect(await lines([...parts], { longest: 10 })).toEqual(['a', 'c']);
    expect(await lines([...parts], {})).toHaveLength(3);
  });

  it('is not begun where its size is told', async () => {
    let isCancelled = false;
    const body = new ReadableStream({
      cancel: () => void (isCancelled = true)
    });
    const headers = { 'Content-Length': '3000000000' };
    vi.stubGlobal('fetch', async () => new Response(body, { headers }));
    await expect(
      readTraces(async () => '/files/a', 'a', {
        keys: new Set(['0 a']),
        found: () => undefined
      })
    ).rejects.toThrow('too large');
    expect(isCancelled).toBe(true);
  });
});
