/** Full-text and regex search over what a sample says. */
import { IRange } from './thoughts';

export type Scope = 'all' | 'reasoning' | 'answer' | 'question' | 'id';

export const SCOPES: Record<Scope, string> = {
  all: 'everything',
  reasoning: 'reasoning',
  answer: 'answer',
  question: 'question',
  id: 'id'
};

/** Most matches that one text is marked with. */
const MARKED = 500;

/** A query that finds: plain text, or a regular expression, in any case of letters. */
export class Matcher {
  /** Throws SyntaxError where the expression is none. */
  constructor(query: string, regex: boolean) {
    const source = regex ? query : query.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    this._pattern = new RegExp(source, 'gim');
  }

  test(text: string): boolean {
    this._pattern.lastIndex = 0;
    return this._pattern.test(text);
  }

  /** Where it matches, empty matches left out. */
  ranges(text: string): IRange[] {
    const found: IRange[] = [];
    this._pattern.lastIndex = 0;
    for (const match of text.matchAll(this._pattern)) {
      if (match[0]) {
        const end = match.index + match[0].length;
        found.push({ start: match.index, end });
      }
      if (found.length >= MARKED) {
        break;
      }
    }
    return found;
  }

  private _pattern: RegExp;
}
