/** Paths and files as the Contents manager knows them; a path may begin with a drive's name and a colon. */
import { Contents } from '@jupyterlab/services';

import { number } from '../record/format';
import { MANIFEST } from '../record/manifest';
import { oneLine } from '../text/clean';

/** The folder that holds the runs of a notebook beside it. */
export const RUNS = 'qwq_runs';

/** A manifest has some kilobytes; what is larger is not read. The server needs twenty times as much to hand it on. */
export const MOST_MANIFEST = 5_000_000; // bytes
/** Of the record that the viewer draws: it has some hundred bytes for each sample, and no texts. */
export const MOST_RECORD = 50_000_000; // bytes

const LONGEST_REASON = 160; // characters
/** By HTTP status; a server's own words tell of its folders. */
const REASONS: { [status: number]: string | undefined } = {
  400: 'not a text file', // a folder, a pipe, a device, or not UTF-8
  403: 'no permission',
  404: 'not there'
};

function cut(path: string): [drive: string, parts: string[]] {
  const drive = /^[^/:]+:/.exec(path)?.[0] ?? '';
  const parts = path.slice(drive.length).split('/');
  return [drive, parts.filter(part => part !== '' && part !== '.')];
}

/** The folder that holds `path`; empty for the server's own. */
export function folderOf(path: string): string {
  const [drive, parts] = cut(path);
  return drive + parts.slice(0, -1).join('/');
}

export function join(folder: string, name: string): string {
  const [drive, parts] = cut(folder);
  return drive + [...parts, name].join('/');
}

/** Where the runs of a folder are: in `qwq_runs` in it, or where one stands in the midst of them already. */
export function runsFolder(folder: string): string {
  const [drive, parts] = cut(folder);
  const within = parts.lastIndexOf(RUNS);
  const kept = within < 0 ? [...parts, RUNS] : parts.slice(0, within + 1);
  return drive + kept.join('/');
}

/** Why something is not read although it is there. */
export class Unread extends Error {}

/** Why something was not read this time. */
export class Late extends Unread {}

/** Resolves or rejects as `asked` does, or rejects with Late when that has done neither for so many seconds. */
export async function within<T>(
  seconds: number,
  asked: Promise<T>
): Promise<T> {
  let timer = 0;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Late(`no answer in ${seconds} seconds`)),
      1000 * seconds
    ) as unknown as number;
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `3.2 GB`, `8 MB`. */
export function bytes(n: number): string {
  return n >= 1e9 ? `${number(n / 1e9, 1)} GB` : `${number(n / 1e6)} MB`;
}

/** What is known of a file without reading it. */
export interface IFileFacts {
  size: number;
  modified: string;
}

/** Ask for a file's size and time. Rejects as the Contents manager does, and where it is no file. */
export async function factsOf(
  contents: Contents.IManager,
  path: string
): Promise<IFileFacts> {
  const model = await contents.get(path, { type: 'file', content: false });
  if (model.type === 'directory') {
    throw new Unread('it is a folder');
  }
  return { size: model.size ?? 0, modified: model.last_modified };
}

/** Throws Unread if a file of that size is not to be read. */
export function refuseLarge(size: number, most: number): void {
  if (size > most) {
    throw new Unread(`too large: ${bytes(size)}, at most ${bytes(most)}`);
  }
}

/** The text of a small file, whose size was asked for before; rejects as the Contents manager does. */
export async function readText(
  contents: Contents.IManager,
  path: string
): Promise<string> {
  const model = await contents.get(path, {
    type: 'file',
    format: 'text',
    content: true
  });
  return typeof model.content === 'string' ? model.content : '';
}

/**
 * The text of a file that may be large, as it is downloaded: through the Contents manager a server holds it in memory
 * many times over. Rejects where it is larger than `most`, whatever was said of its size, or takes too long.
 */
export async function download(
  url: string,
  most: number,
  seconds: number
): Promise<string> {
  const response = await fetch(url, {
    credentials: 'same-origin',
    signal: AbortSignal.timeout(1000 * seconds)
  });
  if (!response.ok || response.body === null) {
    throw new Unread(`HTTP ${response.status}`);
  }
  const reader = response.body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const parts: string[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    size += value?.length ?? 0;
    if (size > most) {
      await reader.cancel();
      refuseLarge(size, most);
    }
    parts.push(decoder.decode(value, { stream: !done }));
    if (done) {
      return parts.join('');
    }
  }
}

/** What a folder holds. */
export async function readFolder(
  contents: Contents.IManager,
  path: string
): Promise<Contents.IModel[]> {
  const model = await contents.get(path, { type: 'directory', content: true });
  return Array.isArray(model.content) ? model.content : [];
}

/** The HTTP status of a refusal, or 0. */
export function statusOf(error: unknown): number {
  const status = (error as { response?: { status?: unknown } } | null)?.response
    ?.status;
  return typeof status === 'number' ? status : 0;
}

/** Why a file or folder cannot be read, in half a sentence. */
export function reason(error: unknown): string {
  const status = statusOf(error);
  const said = REASONS[status];
  return said !== undefined
    ? said
    : error instanceof Error && error.message
      ? oneLine(error.message, LONGEST_REASON)
      : 'it cannot be read';
}

export function manifestPath(folder: string): string {
  return join(folder, MANIFEST);
}
