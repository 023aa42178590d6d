/** What this browser remembers of how runs are looked at, for the reader who uses it: a few kilobytes in `localStorage`. */
import { IMemory } from '../model/memory';
import { parseJson } from '../record/values';

const PREFIX = 'qwq-nb:';
/** Names that are kept; of more, those that were written first are forgotten. */
const MOST = 200;
const LONGEST = 20_000; // characters of a value

export class BrowserMemory implements IMemory {
  /** `store`: the browser's; null, or one that throws: nothing is kept. */
  constructor(private readonly _store: Storage | null = storage()) {}

  read(name: string): unknown {
    try {
      const text = this._store?.getItem(PREFIX + name) ?? null;
      return text === null
        ? null
        : (parseJson(text) as { value?: unknown })?.value;
    } catch {
      return null;
    }
  }

  write(name: string, value: unknown): void {
    const text = JSON.stringify({ at: Date.now(), value });
    if (text.length > LONGEST) {
      return;
    }
    try {
      this._store?.setItem(PREFIX + name, text);
      this._forget();
    } catch {
      // Full, or forbidden: nothing is kept.
    }
  }

  private _forget(): void {
    const store = this._store;
    if (store === null) {
      return;
    }
    const own = Array.from({ length: store.length }, (_, i) =>
      store.key(i)!
    ).filter(key => key.startsWith(PREFIX));
    if (own.length > MOST) {
      const age = (key: string): number =>
        Number((parseJson(store.getItem(key) ?? '') as { at?: unknown })?.at) ||
        0;
      own
        .map(key => ({ key, at: age(key) }))
        .sort((a, b) => a.at - b.at)
        .slice(0, own.length - MOST)
        .forEach(({ key }) => store.removeItem(key));
    }
  }
}

/** A browser may refuse to hand it out. */
function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
