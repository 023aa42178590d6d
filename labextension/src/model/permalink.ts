/** The part of an address that names a sample of the run whose manifest the address is. */
import { ANNOTATIONS, IAnnotation } from './annotations';

/** What a sample is called in the run's files. */
export interface ISampleName {
  id: string;
  repeat: number;
}

const FRAGMENT = /^#?sample=(.*)$/;

/** The part of an address that names a sample: `#sample=math_500%2Flevel-5%2F37`, with `&repeat=2`. */
export function fragmentOf({ id, repeat }: ISampleName): string {
  const again = repeat > 0 ? `&repeat=${repeat}` : '';
  return `#sample=${encodeURIComponent(id.replace(/\p{Cs}/gu, '?'))}${again}`;
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
