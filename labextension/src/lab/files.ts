/** Paths and files as the Contents manager knows them; a path may begin with a drive's name and a colon. */
import { Contents } from '@jupyterlab/services';

import { MANIFEST } from '../record/manifest';

/** The folder that holds the runs of a notebook beside it. */
export const RUNS = 'qwq_runs';

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

/** The file's text; rejects as the Contents manager does. */
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
  return status === 403
    ? 'no permission'
    : status === 404
      ? 'not there'
      : error instanceof Error && error.message
        ? error.message
        : 'it cannot be read';
}

export function manifestPath(folder: string): string {
  return join(folder, MANIFEST);
}
