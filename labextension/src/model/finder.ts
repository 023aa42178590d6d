/** What a query finds: plain text here and now, a regular expression in a worker. */
import { SampleView } from '../record/record';
import { IEntry, ITrace } from './entry';
import { createWorker, IWorker } from './pattern-worker';
import { IMatcher, Matcher, RegexMatcher, Scope } from './search';
import { excerptOf, firstMatch, IExcerpt, IPart, textsOf } from './texts';

/** Characters that a worker is given at once. */
const BATCH = 1_000_000;

export const TOO_SLOW = 'the pattern took too long; simplify it';
export const NO_WORKER =
  'Regular expressions cannot be tried in this browser: searched as plain text.';

export interface IQuery {
  query: string;
  regex: boolean;
  scope: Scope;
}

/** What was searched, and its first match. */
interface IHit {
  row: SampleView;
  trace: ITrace | undefined;
  /** How much of its stream was searched. */
  seen: number;
  excerpt: IExcerpt | null;
}

export class Finder {
  /** Why the query cannot be used, or empty. */
  problem = '';
  /** What else to say of it, or empty. */
  notice = '';
  /** Called when a search in a worker has found out more. */
  changed: () => void = () => {};

  constructor(
    trace: (key: string) => ITrace | undefined,
    worker: () => IWorker = createWorker
  ) {
    this._trace = trace;
    this._createWorker = worker;
  }

  get matcher(): IMatcher | null {
    return this._matcher;
  }

  /** Whether a search goes on by being asked again; one in a worker tells when there is more. */
  get isHere(): boolean {
    return this._matcher instanceof Matcher;
  }

  /** Find this from now on; what an earlier query is still looking for is of no interest any more. */
  use({ query, regex, scope }: IQuery): void {
    if (scope !== this._scope) {
      this._scope = scope;
      this._hits.clear();
    }
    const name = query && `${regex} ${query}`;
    if (name === this._name) {
      return;
    }
    this._name = name;
    this.dispose();
    this.problem = '';
    this.notice = '';
    this._isEmpty = query === '';
    try {
      this._matcher = query ? this._make(query, regex) : null;
    } catch (error) {
      this.problem = error instanceof Error ? error.message : 'not valid';
    }
  }

  /** Undefined where that is not known yet. */
  hit(entry: IEntry, deadline: number): boolean | undefined {
    if (this._matcher === null) {
      return this._isEmpty;
    }
    const trace = this._trace(entry.key);
    const found = this._hits.get(entry.key);
    const seen = seenOf(entry);
    if (
      found !== undefined &&
      found.seen === seen &&
      found.row === entry.row &&
      found.trace === trace
    ) {
      return found.excerpt !== null;
    }
    if (!(this._matcher instanceof Matcher) || performance.now() > deadline) {
      return undefined;
    }
    const excerpt = firstMatch(entry, trace, this._scope, this._matcher);
    this._hits.set(entry.key, { row: entry.row, trace, seen, excerpt });
    return excerpt !== null;
  }

  /** The first match in a sample that the query has found, or null. */
  excerpt(key: string): IExcerpt | null {
    return this._matcher && (this._hits.get(key)?.excerpt ?? null);
  }

  /** Of a stream that goes on what was found before stands until more is known. */
  hitBefore(entry: IEntry): boolean {
    return entry.stream !== null && this.excerpt(entry.key) !== null;
  }

  /** Go on with these. Returns whether the search is not over. */
  searchRest(entries: IEntry[]): boolean {
    const matcher = this._matcher;
    if (entries.length === 0 || !(matcher instanceof RegexMatcher)) {
      return entries.length > 0;
    }
    if (matcher.isIdle) {
      this._searchElsewhere(entries, matcher);
    }
    return matcher.refusal === '';
  }

  dispose(): void {
    if (this._matcher instanceof RegexMatcher) {
      this._matcher.dispose();
    }
    this._matcher = null;
    this._hits.clear();
  }

  private _make(query: string, regex: boolean): Matcher | RegexMatcher {
    if (!regex || this._hasNoWorker) {
      this.notice = regex ? NO_WORKER : '';
      return new Matcher(query);
    }
    const matcher = new RegexMatcher(
      query,
      () => {
        if (this._matcher !== matcher) {
          return;
        }
        if (matcher.refusal === 'slow') {
          this.problem = TOO_SLOW;
        } else if (matcher.refusal === 'none') {
          this._hasNoWorker = true;
          this._name = ''; // made anew when it is asked next
        }
        this.changed();
      },
      this._createWorker
    );
    return matcher;
  }

  /** As many of the entries as a worker is given at once; the others when it has answered. */
  private _searchElsewhere(entries: IEntry[], matcher: RegexMatcher): void {
    const scope = this._scope;
    const asked: { key: string; found: IHit; parts: IPart[] }[] = [];
    let size = 0;
    for (const entry of entries) {
      const { key, row } = entry;
      const trace = this._trace(key);
      const parts = textsOf(entry, trace, scope);
      const found = { row, trace, seen: seenOf(entry), excerpt: null };
      asked.push({ key, found, parts });
      size += parts.reduce((sum, { text }) => sum + text.length, 0);
      if (size > BATCH) {
        break;
      }
    }
    const groups = asked.map(({ parts }) => parts.map(({ text }) => text));
    matcher.test(groups, answer => {
      if (this._matcher === matcher && this._scope === scope) {
        asked.forEach(({ key, found, parts }, index) => {
          const { at, ranges } = answer[index];
          const [start, end] = ranges[0] ?? [0, 0];
          const excerpt = at < 0 ? null : excerptOf(parts[at], { start, end });
          this._hits.set(key, { ...found, excerpt });
        });
      }
    });
  }

  private _trace: (key: string) => ITrace | undefined;
  private _createWorker: () => IWorker;
  private _matcher: Matcher | RegexMatcher | null = null;
  private _name = '';
  private _isEmpty = true;
  private _scope: Scope = 'all';
  private _hits = new Map<string, IHit>();
  private _hasNoWorker = false;
}

/** How much of a stream is there to be searched. */
function seenOf({ stream }: IEntry): number {
  return stream === null ? -1 : stream.reasoning.end + stream.answer.end;
}
