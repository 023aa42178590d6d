/** Full-text and regex search over what a sample says. */
import { IRange } from '../text/range';
import {
  Answer,
  createWorker,
  IWorker,
  PatternWorker,
  Refusal
} from './pattern-worker';

export type Scope = 'all' | 'reasoning' | 'answer' | 'question' | 'id';

export const SCOPES: Record<Scope, string> = {
  all: 'everything',
  reasoning: 'reasoning',
  answer: 'answer',
  question: 'question',
  id: 'id'
};

/** Most matches that one text is marked with. */
export const MARKED = 500;
/** Texts whose matches are remembered: those on the screen. */
const REMEMBERED = 200;

/** What marks the matches in the texts that are shown. */
export interface IMatcher {
  /** Where it matches, empty matches left out; empty too as long as that is being found out. */
  ranges: (text: string) => IRange[];
  /** Another one when `ranges` may say something else. */
  readonly version: number;
}

/** Plain text, in any case of letters. */
export class Matcher implements IMatcher {
  readonly version = 0;

  constructor(query: string) {
    this._pattern = new RegExp(
      query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
      'gi'
    );
  }

  /** Where it matches first, or null. */
  first(text: string): IRange | null {
    this._pattern.lastIndex = 0;
    const match = this._pattern.exec(text);
    return match && { start: match.index, end: match.index + match[0].length };
  }

  ranges(text: string): IRange[] {
    const found: IRange[] = [];
    this._pattern.lastIndex = 0;
    for (const match of text.matchAll(this._pattern)) {
      found.push({ start: match.index, end: match.index + match[0].length });
      if (found.length >= MARKED) {
        break;
      }
    }
    return found;
  }

  private _pattern: RegExp;
}

/** A regular expression, tried in a worker. A query that is superseded is disposed of, and its worker with it. */
export class RegexMatcher implements IMatcher {
  version = 0;
  /** Why it does not find any more, or empty. */
  refusal: Refusal | '' = '';

  /** Throws SyntaxError where the expression is none. `changed` hears of every answer, and of a refusal. */
  constructor(
    query: string,
    private readonly changed: () => void,
    create: () => IWorker = createWorker
  ) {
    new RegExp(query, 'gim');
    this._source = query;
    this._worker = new PatternWorker(why => {
      this.refusal = why;
      this.version++;
      changed();
    }, create);
  }

  /** Whether it waits for nothing and can be asked for more. */
  get isIdle(): boolean {
    return this.refusal === '' && this._worker.isIdle;
  }

  /** Which of the groups of texts have a match, and where each has its first. */
  test(groups: string[][], done: (answer: Answer) => void): void {
    const question = { source: this._source, groups, most: 0 };
    this._worker.ask(question, answer => {
      done(answer);
      this.changed();
    });
  }

  ranges(text: string): IRange[] {
    const known = this._ranges.get(text);
    if (known !== undefined || text === '' || this.refusal) {
      return known ?? [];
    }
    // A text that grows keeps the marks that it has until the new ones come.
    const before = [...this._ranges].find(
      ([other]) => other !== '' && text.startsWith(other)
    )?.[1];
    this._ranges.set(text, before ?? []);
    for (const old of [...this._ranges.keys()].slice(0, -REMEMBERED)) {
      this._ranges.delete(old);
    }
    const question = { source: this._source, groups: [[text]], most: MARKED };
    this._worker.ask(
      question,
      ([{ ranges }]) => {
        const found = ranges.map(([start, end]) => ({ start, end }));
        this._ranges.set(text, found);
        if (found.length > 0 || before?.length) {
          this.version++;
        }
        this.changed();
      },
      true
    );
    return before ?? [];
  }

  dispose(): void {
    this._worker.dispose();
  }

  private _source: string;
  private _worker: PatternWorker;
  private _ranges = new Map<string, IRange[]>();
}
