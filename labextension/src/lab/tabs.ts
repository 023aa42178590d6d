/** How a view in a notebook's output opens a run in a tab: the renderer is told nothing of the shell, the plugin is. */
import { ISampleName } from '../model/permalink';

/** Opens the run whose manifest lies at a path, as the server has it, at a sample. */
export type OpenTab = (path: string, sample: ISampleName) => Promise<void>;

let openTab: OpenTab | null = null;

/** Called by the plugin, once. */
export function setTabs(open: OpenTab): void {
  openTab = open;
}

/** Null where the plugin is not active. */
export function tabs(): OpenTab | null {
  return openTab;
}
