/** The texts of an entry that a search looks at, and where in them it has found something. */
import { IRange } from '../text/range';
import { IEntry, ITrace } from './entry';
import { Matcher, Scope } from './search';

export type Part = Exclude<Scope, 'all'> | 'rest';

/** A text of an entry. */
export interface IPart {
  part: Part;
  text: string;
}

/** The first match in an entry, with what stands around it. */
export interface IExcerpt {
  part: Part;
  before: string;
  hit: string;
  after: string;
}

/** Characters of an excerpt before the match, of the match, and after it: a line of the list has room for about 60. */
const BEFORE = 16;
const LONGEST_HIT = 80;
const AFTER = 120;

function* partsOf(
  { row, stream }: IEntry,
  trace: ITrace | undefined,
  scope: Scope
): Iterable<IPart> {
  // In the order in which a sample is read; what says nothing of its text comes last.
  const parts: Record<Part, () => string[]> = {
    question: () => [row.question?.text ?? '', ...row.choices],
    answer: () => [
      trace?.answer ?? row.answer?.text ?? '',
      ...row.turns.flatMap(turn => [
        turn.answer?.text ?? '',
        turn.diff?.text ?? ''
      ]),
      row.extracted,
      row.gold,
      stream?.answer.text ?? ''
    ],
    reasoning: () => [
      trace?.reasoning ?? row.reasoning?.text ?? '',
      ...row.turns.map(turn => turn.reasoning?.text ?? ''),
      stream?.reasoning.text ?? ''
    ],
    rest: () => [row.why, row.error],
    id: () => [row.id, row.source_id]
  };
  for (const part of Object.keys(parts) as Part[]) {
    if (scope === 'all' || scope === part) {
      for (const text of parts[part]()) {
        if (text !== '') {
          yield { part, text };
        }
      }
    }
  }
}

export function textsOf(
  entry: IEntry,
  trace: ITrace | undefined,
  scope: Scope
): IPart[] {
  return [...partsOf(entry, trace, scope)];
}

/** The first match in the entry's texts, or null. */
export function firstMatch(
  entry: IEntry,
  trace: ITrace | undefined,
  scope: Scope,
  matcher: Matcher
): IExcerpt | null {
  for (const found of partsOf(entry, trace, scope)) {
    const range = matcher.first(found.text);
    if (range !== null) {
      return excerptOf(found, range);
    }
  }
  return null;
}

/** What stands around a match; cut short, with an ellipsis where something is left out. */
export function excerptOf(
  { part, text }: IPart,
  { start, end }: IRange
): IExcerpt {
  const from = Math.max(0, start - BEFORE);
  const to = Math.min(end, start + LONGEST_HIT);
  const until = Math.min(text.length, to + AFTER);
  return {
    part,
    before: (from > 0 ? '…' : '') + text.slice(from, start),
    hit: text.slice(start, to),
    after:
      (to < end ? '…' : '') +
      text.slice(to, until) +
      (until < text.length ? '…' : '')
  };
}
