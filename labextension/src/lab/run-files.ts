/** A run's directory, followed through the Contents manager: its manifest and its record, read when they have changed. */
import type { Contents } from '@jupyterlab/services';

import {
  IRun,
  isLive,
  MANIFEST,
  OUTPUT,
  readRun,
  RECORD
} from '../record/manifest';
import { readRecord, RunRecord } from '../record/record';
import { asObject, parseJson } from '../record/values';
import {
  download,
  factsOf,
  join,
  Late,
  manifestPath,
  MOST_MANIFEST,
  MOST_RECORD,
  readFolder,
  readText,
  reason,
  refuseLarge,
  within
} from './files';

const PATIENCE = 20; // seconds until a request is given up
const PATIENCE_RECORD = 120;
/** Of the bundle that an output is to hold; Python writes a fifth of that at most. */
const MOST_OUTPUT = 5_000_000; // bytes

export class RunFiles {
  run: IRun | null = null;
  record: RunRecord | null = null;
  /** Why the record cannot be shown, or empty. */
  recordProblem = '';
  /** Changes with whatever there is to show. */
  stamp = '';

  constructor(contents: Contents.IManager) {
    this._contents = contents;
  }

  /** The folder is another: everything is read again. */
  forget(): void {
    this.stamp = '';
  }

  /** Take in what has changed in the folder. Rejects as the Contents manager does where there is no manifest to read. */
  async refresh(folder: string): Promise<void> {
    const contents = this._contents;
    const files = await within(PATIENCE, readFolder(contents, folder));
    const modified = [MANIFEST, RECORD].map(
      name => files.find(file => file.name === name)?.last_modified ?? ''
    );
    const stamp = modified.join(' ');
    if (stamp === this.stamp) {
      return;
    }
    const path = manifestPath(folder);
    const facts = await within(PATIENCE, factsOf(contents, path));
    refuseLarge(facts.size, MOST_MANIFEST);
    const text = await within(PATIENCE, readText(contents, path));
    const run = readRun(folder, text, facts.modified);
    if (modified[1] !== this._recordModified || this._recordLate) {
      // Known even if it cannot be read: what was too large is not read again until it has changed.
      this._recordModified = modified[1];
      this.record = null;
      this.recordProblem = '';
      this._recordLate = false;
      if (modified[1]) {
        await this._takeRecord(folder);
      }
    }
    this.run = run;
    this.stamp = this._recordLate ? '' : stamp;
  }

  /** What an output of this run is to hold, by mime type; null where the folder has nothing that can be used. */
  async output(folder: string): Promise<Record<string, unknown> | null> {
    const path = join(folder, OUTPUT);
    try {
      const { size } = await within(PATIENCE, factsOf(this._contents, path));
      refuseLarge(size, MOST_OUTPUT);
      const text = await within(PATIENCE, readText(this._contents, path));
      return asObject(parseJson(text));
    } catch {
      return null; // of an earlier version, or torn: the record is all there is
    }
  }

  private async _takeRecord(folder: string): Promise<void> {
    try {
      this.record = await this._readRecord(folder);
      this.recordProblem = this.record
        ? ''
        : 'is of a form that this version of qwq-nb does not know';
    } catch (error) {
      const why =
        error instanceof SyntaxError ? 'it is not valid JSON' : reason(error);
      this.recordProblem = `cannot be shown: ${why}`;
      this._recordLate = error instanceof Late;
    }
  }

  private async _readRecord(folder: string): Promise<RunRecord | null> {
    const contents = this._contents;
    const path = join(folder, RECORD);
    const { size } = await within(PATIENCE, factsOf(contents, path));
    refuseLarge(size, MOST_RECORD);
    const text =
      size <= MOST_MANIFEST
        ? await within(PATIENCE, readText(contents, path))
        : await download(
            await contents.getDownloadUrl(path),
            MOST_RECORD,
            PATIENCE_RECORD
          );
    return readRecord(parseJson(text));
  }

  private _contents: Contents.IManager;
  private _recordModified = '';
  /** Whether it is worth another try. */
  private _recordLate = false;
}

/** The record with what its run's manifest says by now: a run that goes on writes the manifest more often. */
export function current(record: RunRecord, run: IRun): RunRecord {
  return run.updated > record.updated && isLive(run)
    ? {
        ...record,
        state: run.state as RunRecord['state'],
        updated: run.updated,
        progress: { ...record.progress, done: run.done, total: run.total }
      }
    : record;
}
