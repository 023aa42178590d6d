/** The texts of an entry that a search looks at. */
import { IEntry, ITrace } from './entry';
import { Matcher, Scope } from './search';

type Part = Exclude<Scope, 'all'> | 'rest';

function* partsOf(
  { row, stream }: IEntry,
  trace: ITrace | undefined,
  scope: Scope
): Iterable<string> {
  // What is short comes first: it may spare the search of the rest.
  const parts: Record<Part, () => string[]> = {
    id: () => [row.id, row.source_id],
    rest: () => [row.why, row.error],
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
    ]
  };
  for (const part of Object.keys(parts) as Part[]) {
    if (scope === 'all' || scope === part) {
      yield* parts[part]();
    }
  }
}

export function textsOf(
  entry: IEntry,
  trace: ITrace | undefined,
  scope: Scope
): string[] {
  return [...partsOf(entry, trace, scope)].filter(text => text !== '');
}

export function matches(
  entry: IEntry,
  trace: ITrace | undefined,
  scope: Scope,
  matcher: Matcher
): boolean {
  for (const text of partsOf(entry, trace, scope)) {
    if (matcher.test(text)) {
      return true;
    }
  }
  return false;
}
