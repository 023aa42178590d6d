/** The columns that the reader has shown or hidden: kept by the browser, and the same in all tables of the page. */
import { Wishes } from '../model/columns';
import { parseJson } from '../record/values';
import { Column, COLUMN_NAMES } from '../record/vocabulary';

const KEY = 'qwq-nb:columns';

const listeners = new Set<() => void>();
let wishes: Wishes | null = null;

/** What the reader has set, of columns that there are. */
export function readWishes(): Wishes {
  wishes ??= stored();
  return wishes;
}

/** Show or hide columns from now on; `undefined` gives a column its default back. */
export function wish(changes: Wishes): void {
  wishes = Object.fromEntries(
    Object.entries({ ...readWishes(), ...changes }).filter(
      ([, value]) => value !== undefined
    )
  );
  keep(wishes);
  listeners.forEach(changed => changed());
}

/** Give all columns their defaults back. */
export function resetWishes(): void {
  wish(Object.fromEntries(COLUMN_NAMES.map(name => [name, undefined])));
}

/** Call `changed` after each change; the function that is returned ends that. */
export function onWish(changed: () => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}

function stored(): Wishes {
  try {
    const found = parseJson(window.localStorage.getItem(KEY) ?? '{}');
    return Object.fromEntries(
      COLUMN_NAMES.map(name => [name, (found as Wishes | null)?.[name]]).filter(
        ([, value]) => typeof value === 'boolean'
      ) as [Column, boolean][]
    );
  } catch {
    return {}; // a page without storage, or something else under that key
  }
}

function keep(value: Wishes): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify(value));
  } catch {
    // It holds for this page alone.
  }
}
