/**
 * The runs below a folder. A manifest is read again only when it has changed.
 *
 * The folders may be anybody's: none of them can keep the others from being listed, by its size, its time, or by a
 * read that never ends.
 */
import { Contents } from '@jupyterlab/services';

import {
  brokenRun,
  IRun,
  isLive,
  lastPart,
  readRun,
  sortRuns,
  timeOf
} from '../record/manifest';
import {
  factsOf,
  folderOf,
  IFileFacts,
  join,
  Late,
  manifestPath,
  MOST_MANIFEST,
  readFolder,
  readText,
  reason,
  refuseLarge,
  statusOf,
  Unread,
  within
} from './files';
import { DELETED } from './shelf';

const MOST = 200; // folders that are looked into, those changed last
const MOST_BYTES = 50_000_000; // of the manifests that one listing reads, the smallest first
const AT_ONCE = 3; // requests under way: a browser has six to a server, and the rest of the page needs some
const PATIENCE = 10; // seconds until a request is given up; for the list of all folders it is
const PATIENT = 6; // times as long

export interface IListing {
  /** Those that can be shown, the one written last first. */
  runs: IRun[];
  /** Those that cannot be read, each with its `problem`, in the order of their folders. */
  unread: IRun[];
  /** Folders that were not looked into. */
  left: number;
  /** Why the runs cannot be listed, or empty. */
  problem: string;
  /** All that lies beside the runs, and their folders. */
  entries: Contents.IModel[];
}

interface ISeen {
  /** Of the folder. */
  folderModified: string;
  /** Of the manifest, and its size. */
  stamp: string;
  /** Null where the folder holds no run. */
  run: IRun | null;
}

interface IFound extends IFileFacts {
  folder: string;
  folderModified: string;
}

export class RunListing {
  /** `patience`: seconds until a request is given up. */
  constructor(contents: Contents.IManager, patience = PATIENCE) {
    this._contents = contents;
    this._patience = patience;
  }

  /** The runs in `root`, which need not exist; `anew` reads every manifest. */
  async read(root: string, anew: boolean): Promise<IListing> {
    if (root !== this._root || anew) {
      this._root = root;
      this._seen.clear();
    }
    const listing: IListing = {
      runs: [],
      unread: [],
      left: 0,
      problem: '',
      entries: []
    };
    let entries: Contents.IModel[];
    try {
      listing.entries = await this._ask(root, () => this._entries(root));
      entries = listing.entries.filter(
        ({ type, name }) => type === 'directory' && name !== DELETED
      );
    } catch (error) {
      this._exists = false;
      listing.problem =
        statusOf(error) === 404
          ? ''
          : `${root} cannot be listed: ${reason(error)}.`;
      return listing;
    }
    const now = Date.now();
    const changed = new Map(
      entries.map(entry => [entry, timeOf(entry.last_modified, now) ?? 0])
    );
    entries.sort((a, b) => changed.get(b)! - changed.get(a)!);
    listing.left = Math.max(entries.length - MOST, 0);
    // All sizes are asked for first, so that the small manifests are read before the large ones.
    const runs: (IRun | null)[] = [];
    const found: IFound[] = [];
    await inTurn(entries.slice(0, MOST), async entry => {
      const seen = await this._lookAt(join(root, entry.name), entry);
      if (seen !== null && 'size' in seen) {
        found.push(seen);
      } else {
        runs.push(seen);
      }
    });
    found.sort((a, b) => a.size - b.size);
    let bytes = 0;
    await inTurn(found, async file => {
      bytes += file.size;
      runs.push(await this._read(file, bytes));
    });
    const all = runs.filter(run => run !== null);
    listing.runs = sortRuns(all.filter(run => run.problem === ''));
    listing.unread = sortRuns(all.filter(run => run.problem !== ''));
    return listing;
  }

  /** A folder that may not be there is looked for in the one that holds it: a miss would be an error in the log. */
  private async _entries(root: string): Promise<Contents.IModel[]> {
    if (!this._exists) {
      const beside = await readFolder(this._contents, folderOf(root));
      this._exists = beside.some(
        ({ name, type }) => type === 'directory' && name === lastPart(root)
      );
    }
    return this._exists ? readFolder(this._contents, root) : [];
  }

  /** The run as it is known already, or the manifest that has to be read; null where the folder holds none. */
  private async _lookAt(
    folder: string,
    { last_modified: folderModified }: Contents.IModel
  ): Promise<IRun | IFound | null> {
    const seen = this._seen.get(folder);
    if (
      seen?.folderModified === folderModified &&
      (seen.run === null || !isLive(seen.run))
    ) {
      return seen.run;
    }
    const path = manifestPath(folder);
    try {
      const facts = await this._ask(path, () => factsOf(this._contents, path));
      if (seen?.run && seen.stamp === stampOf(facts)) {
        return seen.run;
      }
      refuseLarge(facts.size, MOST_MANIFEST);
      return { folder, folderModified, ...facts };
    } catch (error) {
      return this._broken(folder, folderModified, error);
    }
  }

  /** Read a manifest. `bytes`: of all manifests that this listing has read by then. */
  private async _read(file: IFound, bytes: number): Promise<IRun | null> {
    const { folder, folderModified, modified } = file;
    const path = manifestPath(folder);
    try {
      if (bytes > MOST_BYTES) {
        throw new Unread('too large together with the others');
      }
      const text = await this._ask(path, () => readText(this._contents, path));
      const run = readRun(folder, text, modified);
      this._seen.set(folder, { folderModified, stamp: stampOf(file), run });
      return run;
    } catch (error) {
      return this._broken(folder, folderModified, error);
    }
  }

  private _broken(
    folder: string,
    folderModified: string,
    error: unknown
  ): IRun | null {
    if (error instanceof Late) {
      // It is asked again, and till then is what it was.
      return this._seen.get(folder)?.run ?? brokenRun(folder, reason(error));
    }
    const run =
      statusOf(error) === 404 ? null : brokenRun(folder, reason(error));
    this._seen.set(folder, { folderModified, stamp: '', run });
    return run;
  }

  /**
   * Ask the server, for a while. What was given up is still under way, and the page cannot end it: the same is not
   * asked again before, and no manifest at all while as many hang as may be under way: together they are at most
   * five of the browser's six connections.
   */
  private async _ask<T>(path: string, ask: () => Promise<T>): Promise<T> {
    const isFull = this._hanging.size >= AT_ONCE && path !== this._root;
    if (this._hanging.has(path) || isFull) {
      throw new Late('the server has not answered earlier requests');
    }
    const asked = ask();
    try {
      const isList = path === this._root;
      return await within((isList ? PATIENT : 1) * this._patience, asked);
    } catch (error) {
      if (error instanceof Late) {
        this._hanging.add(path);
        const over = (): void => void this._hanging.delete(path);
        asked.then(over, over);
      }
      throw error;
    }
  }

  private _contents: Contents.IManager;
  private _patience: number;
  private _root = '';
  private _exists = false;
  private _seen = new Map<string, ISeen>();
  /** Paths that were asked for and given up. */
  private _hanging = new Set<string>();
}

function stampOf({ size, modified }: IFileFacts): string {
  return `${size} ${modified}`;
}

/** Do `work` on each item, a few at a time. */
async function inTurn<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>
): Promise<void> {
  const queue = [...items];
  const next = async (): Promise<void> => {
    for (let item = queue.shift(); item; item = queue.shift()) {
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
