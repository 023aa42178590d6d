/** The runs below a folder. A manifest is read again only when its folder has changed, or its run is live. */
import { Contents } from '@jupyterlab/services';

import {
  brokenRun,
  IRun,
  isLive,
  lastPart,
  readRun,
  sortRuns
} from '../record/manifest';
import {
  folderOf,
  join,
  manifestPath,
  readFolder,
  readText,
  reason,
  statusOf
} from './files';

const MOST = 200; // folders that are looked into, those changed last
const AT_ONCE = 6; // requests under way

export interface IListing {
  runs: IRun[];
  /** Folders that were not looked into. */
  left: number;
  /** Why the runs cannot be listed, or empty. */
  problem: string;
}

interface ISeen {
  modified: string;
  /** Null where the folder holds no run. */
  run: IRun | null;
}

export class RunListing {
  constructor(contents: Contents.IManager) {
    this._contents = contents;
  }

  /** The runs in `root`, which need not exist; `anew` reads every manifest. */
  async read(root: string, anew: boolean): Promise<IListing> {
    if (root !== this._root || anew) {
      this._root = root;
      this._seen.clear();
    }
    const listing: IListing = { runs: [], left: 0, problem: '' };
    let entries: Contents.IModel[];
    try {
      entries = await this._folders(root);
    } catch (error) {
      this._exists = false;
      listing.problem =
        statusOf(error) === 404
          ? ''
          : `${root} cannot be listed: ${reason(error)}.`;
      return listing;
    }
    const order = (a: string, b: string): number =>
      a < b ? -1 : a > b ? 1 : 0;
    entries.sort((a, b) => order(b.last_modified, a.last_modified));
    listing.left = Math.max(entries.length - MOST, 0);
    const queue = entries.slice(0, MOST);
    const work = async (): Promise<void> => {
      for (let entry = queue.shift(); entry; entry = queue.shift()) {
        const run = await this._run(join(root, entry.name), entry);
        if (run !== null) {
          listing.runs.push(run);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    listing.runs = sortRuns(listing.runs);
    return listing;
  }

  /** A folder that may not be there is looked for in the one that holds it: a miss would be an error in the log. */
  private async _folders(root: string): Promise<Contents.IModel[]> {
    if (!this._exists) {
      const beside = await readFolder(this._contents, folderOf(root));
      this._exists = beside.some(
        ({ name, type }) => type === 'directory' && name === lastPart(root)
      );
    }
    const entries = this._exists ? await readFolder(this._contents, root) : [];
    return entries.filter(({ type }) => type === 'directory');
  }

  private async _run(
    folder: string,
    entry: Contents.IModel
  ): Promise<IRun | null> {
    const seen = this._seen.get(folder);
    if (
      seen?.modified === entry.last_modified &&
      (seen.run === null || !isLive(seen.run))
    ) {
      return seen.run;
    }
    let run: IRun | null;
    try {
      run = readRun(
        folder,
        await readText(this._contents, manifestPath(folder))
      );
    } catch (error) {
      run =
        statusOf(error) === 404
          ? null
          : brokenRun(folder, `It cannot be read: ${reason(error)}.`);
    }
    this._seen.set(folder, { modified: entry.last_modified, run });
    return run;
  }

  private _contents: Contents.IManager;
  private _root = '';
  private _exists = false;
  private _seen = new Map<string, ISeen>();
}
