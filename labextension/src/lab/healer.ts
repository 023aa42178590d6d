/**
 * Keeps a run's output true when its kernel no longer does: the notebook was saved in mid-run, the page or the kernel has
 * gone, or whatever runs the cells passes no updates on.
 *
 * The run's directory says how the run stands. While it goes on, its record is drawn; once it is over, what Python has
 * written for the output (`qwq_output.json`) takes the output's place, in the notebook's file too. All that is read may
 * be a stranger's: the folder is one that this server shows, the run in it must be the record's, html is sanitized.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Poll } from '@lumino/polling';

import { fullRecord, ended, withoutTexts } from '../model/full-record';
import { tracePath } from '../model/traces';
import { moment } from '../record/format';
import { IRun, isLive, MANIFEST, timeOf } from '../record/manifest';
import { MIME_TYPE, readRecord, RunRecord } from '../record/record';
import { asObject, asText } from '../record/values';
import { isLiveState } from '../record/vocabulary';
import { oneLine, visible } from '../text/clean';
import { IStanding } from '../view/header';
import { RunView } from '../view/run';
import { folderOf, Late, reason } from './files';
import {
  MimeBundle,
  notebookOf,
  replaceOutput,
  surroundings
} from './notebooks';
import { serverPath } from './resolver';
import { current, RunFiles } from './run-files';
import { onlyOwnPictures } from './sanitized';

/** An output that has just been opened is looked after soon, one that was updated a moment ago later. */
const QUIET_FIRST = 1_500; // milliseconds
const QUIET = 6_000;
/** Seconds between two looks at a run that is over and may be resumed. */
const AT_REST = 30;
/** A run that goes on writes its manifest every five seconds. */
const SILENT = 18_000; // milliseconds
/** By the clocks, which may differ. */
const SILENT_BY_CLOCK = 90_000;
/** A run has no manifest before its benchmarks are loaded. */
const LOADING = 600_000;
const LONGEST = 3_600_000;
/** Looks that wait for the file of an output that is still being written. */
const TRIES = 4;

export interface IHealed {
  node: HTMLElement;
  view: () => RunView | null;
  resolver: IRenderMime.IResolver | null;
  sanitizer: IRenderMime.ISanitizer;
  /** Whether the notebook's kernel runs the run, or is busy and may: it says itself how that stands. */
  isTended: () => boolean;
}

export class RecordHealer {
  constructor(host: IHealed) {
    this._host = host;
  }

  /** The output holds this record from now on: a kernel's update, or what was read from the notebook's file. */
  taken(record: RunRecord, model: unknown): void {
    const isNew = record.run_id !== this._record?.run_id;
    const isUpdate = this._record !== null && !isNew;
    this._record = record;
    this._model = model;
    this._generation++;
    window.clearTimeout(this._timer);
    this._poll?.dispose();
    this._poll = null;
    this._stand(null);
    if (isNew) {
      this._files = null;
      this._tries = 0;
    }
    this._watchSaves();
    const isHere =
      surroundings() !== null && this._host.resolver !== null && record.run_dir;
    if (record.state !== 'complete' && isHere) {
      const wait = isUpdate && !this._isReplacing ? QUIET : QUIET_FIRST;
      this._timer = window.setTimeout(() => this._begin(), wait);
    }
  }

  /** The run is being resumed: it is looked after at once. */
  wake(): void {
    this._isAwake = true;
    if (this._poll === null) {
      window.clearTimeout(this._timer);
      this._begin();
    } else {
      this._pace();
    }
  }

  dispose(): void {
    this._generation++;
    window.clearTimeout(this._timer);
    this._poll?.dispose();
    this._poll = null;
    this._saves?.();
  }

  private _begin(): void {
    if (surroundings() === null || this._record === null) {
      return;
    }
    this._poll = new Poll({
      name: 'qwq-nb:output',
      auto: false,
      factory: () => this._look(),
      frequency: { interval: this._interval, max: LONGEST, backoff: true },
      standby: () =>
        this._host.node.isConnected ? 'when-hidden' : (true as const)
    });
    void this._poll.start();
  }

  private get _interval(): number {
    const isGoing = this._isGoing || isLiveState(this._record?.state ?? '');
    const seconds = surroundings()!.refreshSeconds();
    return 1000 * (isGoing || this._isAwake ? seconds : AT_REST);
  }

  private _pace(): void {
    const poll = this._poll;
    if (poll !== null && poll.frequency.interval !== this._interval) {
      poll.frequency = { ...poll.frequency, interval: this._interval };
    }
  }

  private async _look(): Promise<void> {
    const record = this._record!;
    const generation = this._generation;
    const files = (this._files ??= new RunFiles(surroundings()!.contents));
    let problem = '';
    let folder = '';
    try {
      folder = await this._folder(record.run_dir);
      await files.refresh(folder);
      problem =
        files.run!.problem ||
        (files.run!.runId === record.run_id ? '' : 'it holds another run');
    } catch (error) {
      if (error instanceof Late) {
        return;
      }
      files.forget();
      problem = reason(error);
    }
    if (generation !== this._generation) {
      return; // an update has come meanwhile
    }
    if (problem) {
      this._lose(record, problem);
    } else {
      await this._follow(record, files, folder, generation);
    }
    this._pace();
  }

  /** The run's folder as the Contents manager knows it; rejects where it is none that this server shows. */
  private async _folder(runDir: string): Promise<string> {
    const path = tracePath(runDir, MANIFEST);
    if (path === null) {
      throw new Error('it is outside the folder that this server shows');
    }
    const found = await serverPath(this._host.resolver!, path);
    return folderOf(decodeURIComponent(found));
  }

  private async _follow(
    record: RunRecord,
    files: RunFiles,
    folder: string,
    generation: number
  ): Promise<void> {
    const run = files.run!;
    const isSilent = this._isSilent(run, files.stamp);
    if (isLive(run) && !isSilent) {
      this._isGoing = this._beats > 0;
      this._tries = 0;
      // One that had ended here is drawn as going on once it is seen to.
      if (isLiveState(record.state) || this._isGoing) {
        this._show(record, files);
      }
      return;
    }
    this._isGoing = false;
    const state = isLive(run) ? 'stopped' : run.state;
    const known = record.progress.done >= run.done && !record.partial;
    if (record.state === state && known) {
      this._isAwake &&= isLive(run);
      this._stand(null);
      return;
    }
    const output = await files.output(folder);
    if (generation !== this._generation) {
      return;
    }
    const made = output && readRecord(output[MIME_TYPE]);
    const isWhole =
      made?.run_id === record.run_id &&
      made.state === state &&
      (state === 'stopped' || made.progress.done === run.done);
    if (made && isWhole) {
      this._isAwake = false;
      this._heal(record, made, output);
    } else if (++this._tries > TRIES || files.record === null) {
      this._show(record, files, isLive(run));
    }
  }

  /** Whether nothing has been written for long: by what was seen since, or where that is long ago by the clocks. */
  private _isSilent(run: IRun, stamp: string): boolean {
    const now = performance.now();
    if (stamp !== this._stamp) {
      this._beats += this._stamp === '' ? 0 : 1;
      this._stamp = stamp;
      this._heard = now;
    }
    return (
      now - this._heard > SILENT ||
      (this._beats === 0 && Date.now() - run.written > SILENT_BY_CLOCK)
    );
  }

  /** Draw the run as its folder has it; the notebook's file stays as it is. */
  private _show(
    record: RunRecord,
    files: RunFiles,
    isInterrupted = false
  ): void {
    const run = files.run!;
    const found = files.record?.run_id === record.run_id ? files.record : null;
    const signature = `${files.stamp} ${isInterrupted}`;
    if (signature === this._shown) {
      return;
    }
    this._shown = signature;
    let shown = found === null ? record : current(found, run);
    shown = {
      ...shown,
      run_dir: record.run_dir,
      progress: { ...shown.progress, done: run.done, total: run.total },
      state: run.state as RunRecord['state']
    };
    if (record.withheld) {
      shown = withoutTexts(shown);
    }
    this._host.view()?.setRecord(isInterrupted ? ended(shown) : shown);
    this._stand(null);
  }

  /** Put what Python has written for the output in its place; drawn by Lab, as a kernel's update is. */
  private _heal(record: RunRecord, made: RunRecord, output: MimeBundle): void {
    const { node, sanitizer } = this._host;
    this._isReplacing = true;
    // What the notebook has seen may be later than what was written for it.
    const seen =
      made.interrupted && record.progress.done > made.progress.done
        ? this._seen(record)
        : null;
    const isKept = replaceOutput(node, this._model, data => {
      const healed: MimeBundle = {
        ...data,
        [MIME_TYPE]: seen ?? {
          ...asObject(output[MIME_TYPE]),
          run_dir: record.run_dir
        }
      };
      const html = asText(output['text/html']);
      const text = asText(output['text/plain']);
      if (html && text) {
        healed['text/html'] = onlyOwnPictures(sanitizer.sanitize(html));
        healed['text/plain'] = visible(text);
      }
      return healed;
    });
    this._isReplacing = false;
    if (!isKept) {
      this._record = { ...made, run_dir: record.run_dir };
      this._host.view()?.setRecord(this._record);
      this._stand(null);
    }
  }

  /** The run as its updates had it, if none of its finished samples is missing. */
  private _seen(record: RunRecord): object | null {
    const model = this._host.view()?.model;
    const isWhole =
      model?.record?.run_id === record.run_id &&
      model.rows().filter(({ outcome }) => outcome !== 'pending').length >=
        record.progress.done;
    return isWhole ? fullRecord(model, ended(record)) : null;
  }

  /** The folder cannot be reached: what has become of the run is not known here. */
  private _lose(record: RunRecord, problem: string): void {
    const made = timeOf(record.created, Date.now()) ?? 0;
    const isLoading =
      record.state === 'starting' && Date.now() - made < LOADING;
    if (!isLiveState(record.state) || isLoading || this._host.isTended()) {
      return;
    }
    if (this._shown !== problem) {
      this._shown = problem;
      this._host.view()?.setRecord(ended(record));
    }
    this._stand({
      word: 'not known',
      sentence:
        `Saved while ${record.state === 'paused' ? 'paused' : 'running'} on ` +
        `${moment(record.updated)}; not known what became of it: its folder ` +
        `${oneLine(record.run_dir, 200)} cannot be read from here (${oneLine(problem, 160)}).`
    });
  }

  private _stand(standing: IStanding | null): void {
    if (standing === null) {
      this._host.view()?.setStanding(null);
    } else {
      this._host.view()?.setStanding(standing);
    }
  }

  /** A notebook that is saved in mid-run holds all that is finished, not the latest update alone. */
  private _watchSaves(): void {
    const isLiveNow = isLiveState(this._record!.state);
    if (!isLiveNow || this._saves !== null) {
      return;
    }
    const context = notebookOf(this._host.node)?.context;
    if (!context) {
      return;
    }
    const onSave = (_: unknown, state: string): void => {
      const model = this._host.view()?.model;
      const latest = model?.record;
      if (
        state === 'started' &&
        model &&
        latest?.partial === true &&
        this._record !== null &&
        isLiveState(this._record.state)
      ) {
        replaceOutput(this._host.node, this._model, data => ({
          ...data,
          [MIME_TYPE]: fullRecord(model, latest)
        }));
      }
    };
    context.saveState.connect(onSave);
    this._saves = () => {
      context.saveState.disconnect(onSave);
      this._saves = null;
    };
  }

  private _host: IHealed;
  private _record: RunRecord | null = null;
  /** Lab's model of the output. */
  private _model: unknown = null;
  private _files: RunFiles | null = null;
  private _poll: Poll | null = null;
  private _timer = 0;
  private _generation = 0;
  private _isReplacing = false;
  private _isGoing = false;
  private _isAwake = false;
  private _tries = 0;
  private _stamp = '';
  /** Times that the folder was seen to change. */
  private _beats = 0;
  private _heard = 0;
  private _shown = '';
  private _saves: (() => void) | null = null;
}
