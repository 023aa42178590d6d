/** How a view in a notebook's output opens a run in a tab: the renderer is told nothing of the shell, the plugin is. */
import { ANNOTATIONS, IAnnotation } from '../model/annotations';
import { ISampleName } from '../view/run';

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

const FRAGMENT = /^#?sample=(.*)$/;

/** The part of an address that names a sample: `#sample=math_500%2Flevel-5%2F37`, with `&repeat=2`. */
export function fragmentOf({ id, repeat }: ISampleName): string {
  const again = repeat > 0 ? `&repeat=${repeat}` : '';
  return `#sample=${encodeURIComponent(id)}${again}`;
}

/** The mark in the sample's reasoning that such a part leads to (`&at=loop`), or null. */
export function markOf(fragment: string): IAnnotation['kind'] | null {
  const at = new URLSearchParams(fragment.replace(/^#/, '')).get('at');
  return ANNOTATIONS.find(kind => kind === at) ?? null;
}

/** The sample that such a part names, or null. */
export function sampleOf(fragment: string): ISampleName | null {
  if (!FRAGMENT.test(fragment)) {
    return null;
  }
  const values = new URLSearchParams(fragment.replace(/^#/, ''));
  const repeat = Number(values.get('repeat') ?? 0);
  const id = values.get('sample') ?? '';
  return id !== '' && Number.isInteger(repeat) && repeat >= 0
    ? { id, repeat }
    : null;
}
