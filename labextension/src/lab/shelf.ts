/** What a reader does with runs in their folder: name them, write notes on them, put them away and back. */
import { Contents } from '@jupyterlab/services';

import {
  cleaned,
  ILabel,
  LABELS,
  Labels,
  MOST_LABELS,
  readLabels,
  writtenLabels
} from '../record/labels';
import { lastPart } from '../record/manifest';
import { oneLine } from '../text/clean';
import { factsOf, folderOf, join, readFolder, readText } from './files';

/** The folder, beside the runs, that deleted ones are in until they are deleted for good. */
export const DELETED = 'qwq_deleted';

export class RunShelf {
  constructor(contents: Contents.IManager) {
    this._contents = contents;
  }

  /** By the name of a run's folder. */
  labels: Labels = new Map();
  /** Names of the runs' folders that were deleted and can be restored. */
  deleted: string[] = [];
  /** Why the labels cannot be read, or empty. They are not written then: nothing that is there is lost. */
  problem = '';

  /** Read what lies in `root` beside the runs, whose entries are at hand. */
  async read(root: string, entries: readonly Contents.IModel[]): Promise<void> {
    const file = entries.find(({ name }) => name === LABELS);
    const stamp = file ? `${root} ${file.last_modified} ${file.size}` : root;
    if (stamp !== this._stamp) {
      this._stamp = stamp;
      await this._readLabels(root, file !== undefined);
    }
    const bin = entries.find(
      ({ name, type }) => name === DELETED && type === 'directory'
    );
    const binStamp = bin ? `${root} ${bin.last_modified}` : '';
    if (binStamp !== this._binStamp) {
      this._binStamp = binStamp;
      const within = bin
        ? await readFolder(this._contents, join(root, DELETED))
        : [];
      this.deleted = within
        .filter(({ type }) => type === 'directory')
        .map(({ name }) => name);
    }
  }

  /** Change what a run is called and the note on it; what others have written meanwhile stays. */
  async label(folder: string, changes: Partial<ILabel>): Promise<void> {
    const root = folderOf(folder);
    const beside = await readFolder(this._contents, root);
    await this._readLabels(
      root,
      beside.some(({ name }) => name === LABELS)
    );
    if (this.problem) {
      throw new Error(this.problem);
    }
    const name = lastPart(folder);
    const before = this.labels.get(name) ?? { label: '', note: '' };
    this.labels.set(name, cleaned({ ...before, ...changes }));
    const path = join(root, LABELS);
    await this._contents.save(path, {
      type: 'file',
      format: 'text',
      content: writtenLabels(this.labels)
    });
  }

  /** Put a run away, and return the name that it has there. */
  async remove(folder: string): Promise<string> {
    const root = folderOf(folder);
    const bin = join(root, DELETED);
    const beside = await readFolder(this._contents, root);
    if (!beside.some(({ name }) => name === DELETED)) {
      const made = await this._contents.newUntitled({
        path: root,
        type: 'directory'
      });
      await this._contents.rename(made.path, bin);
    }
    const taken = new Set(
      (await readFolder(this._contents, bin)).map(({ name }) => name)
    );
    let name = lastPart(folder);
    for (let n = 2; taken.has(name); n++) {
      name = `${lastPart(folder)} (${n})`;
    }
    await this._contents.rename(folder, join(bin, name));
    this._binStamp = '';
    return name;
  }

  /** Put a run back that was put away. */
  async restore(root: string, name: string): Promise<void> {
    const beside = await readFolder(this._contents, root);
    const own = name.replace(/ \(\d+\)$/, '');
    const free = beside.some(entry => entry.name === own) ? name : own;
    if (beside.some(entry => entry.name === free)) {
      throw new Error(`there is another ${oneLine(free, 100)}`);
    }
    const bin = join(root, DELETED);
    await this._contents.rename(join(bin, name), join(root, free));
    this._binStamp = '';
  }

  /** Delete for good what was put away: the server moves it into its own trash where it has one. */
  async empty(root: string): Promise<void> {
    await this._contents.delete(join(root, DELETED));
    this.deleted = [];
    this._binStamp = '';
  }

  private async _readLabels(root: string, exists: boolean): Promise<void> {
    const path = join(root, LABELS);
    this.problem = '';
    try {
      if (!exists) {
        this.labels = new Map();
        return;
      }
      if ((await factsOf(this._contents, path)).size > MOST_LABELS) {
        throw new Error('it is too large');
      }
      this.labels = readLabels(await readText(this._contents, path));
    } catch (error) {
      this.labels = new Map();
      const why = error instanceof Error ? error.message : 'it cannot be read';
      this.problem = `${LABELS} is left as it is: ${oneLine(why, 160)}`;
    }
  }

  private _contents: Contents.IManager;
  private _stamp = '';
  private _binStamp = '';
}
