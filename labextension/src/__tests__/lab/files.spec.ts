import { Contents } from '@jupyterlab/services';
import { afterEach, describe, expect, it, vi } from 'vitest';

import {
  download,
  factsOf,
  folderOf,
  join,
  Late,
  reason,
  refuseLarge,
  runsFolder,
  within
} from '../../lab/files';

afterEach(() => vi.unstubAllGlobals());

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

describe('a file that may be anything', () => {
  /** Pieces of a kilobyte, as many as are asked for; how many were is in `sent`. */
  function endless(last = Infinity): { sent: number; body: ReadableStream } {
    const made = {
      sent: 0,
      body: new ReadableStream({
        pull(controller) {
          if (made.sent === last) {
            controller.close();
          } else {
            made.sent++;
            controller.enqueue(new Uint8Array(1_000).fill(0x61));
          }
        }
      })
    };
    return made;
  }

  it('is downloaded up to its limit, however long it is', async () => {
    const zeros = endless();
    vi.stubGlobal('fetch', async () => new Response(zeros.body));
    await expect(download('/files/a', 10_000, 5)).rejects.toThrow('too large');
    expect(zeros.sent).toBeLessThan(15);
    const few = endless(10); // the control: one that ends within it
    vi.stubGlobal('fetch', async () => new Response(few.body));
    expect(await download('/files/a', 10_000, 5)).toHaveLength(10_000);
  });

  it('that is not UTF-8, or not there, is no text', async () => {
    const bytes = new Uint8Array([0x22, 0xff, 0x22]);
    vi.stubGlobal('fetch', async () => new Response(bytes));
    await expect(download('/files/a', 10_000, 5)).rejects.toThrow();
    vi.stubGlobal('fetch', async () => new Response('', { status: 404 }));
    await expect(download('/files/a', 10_000, 5)).rejects.toThrow('HTTP 404');
  });

  it('may be a folder', async () => {
    const get = async (): Promise<object> => ({ type: 'directory' });
    const contents = { get } as unknown as Contents.IManager;
    await expect(factsOf(contents, 'a')).rejects.toThrow('it is a folder');
  });

  it('may be too large, and is told with its size', () => {
    expect(() => refuseLarge(3_221_225_472, 5_000_000)).toThrow(
      'too large: 3.2 GB, at most 5 MB'
    );
    expect(() => refuseLarge(5_000_000, 5_000_000)).not.toThrow();
  });

  it('may give no answer', async () => {
    const never = new Promise(() => undefined);
    await expect(within(0.01, never)).rejects.toThrow(Late);
    expect(await within(5, Promise.resolve(1))).toBe(1);
  });

  it('is refused for a reason of bounded length', () => {
    const said = reason(new Error(`\u001b[2J${'x'.repeat(1_000_000)}`));
    expect(said.length).toBeLessThanOrEqual(160);
    expect(said).toMatch(/^␛\[2Jx+…$/);
  });
});
