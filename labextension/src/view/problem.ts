/** What a line of the list says of a problem and all its answers. */
import { Standing, standingOf } from '../model/entry';
import { countedOf, countsOf, IProblem, meanTokens } from '../model/problems';
import { number } from '../record/format';
import { OUTCOMES, outcomeWord } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { readable } from '../text/readable';
import { signOf } from './standing';

export interface IProblemWords {
  /** What all answers that count have come to; else `wrong` where none is correct, or `mixed`. */
  outcome: Standing | 'mixed';
  sign: string;
  /** `3 of 4 correct`. */
  share: string;
  /** Wrong values, the commonest first, and the gold one: `60 ×2, 12 ≠ 204`. */
  values: string;
  /** Mean tokens of an answer. */
  tokens: string;
  title: string;
}

/** Wrong values that are named, and characters of a value. */
const MOST_VALUES = 4;
const LONGEST = 40;

export function problemWords(problem: IProblem): IProblemWords {
  const { correct, counted } = countsOf(problem);
  const tokens = meanTokens(problem);
  const [one, ...others] = new Set(countedOf(problem));
  const outcome =
    counted === 0
      ? standingOf(problem.answers[0])
      : others.length === 0
        ? one
        : correct === 0
          ? 'wrong'
          : 'mixed';
  const parts = [
    `${number(correct)} of ${number(counted)} correct`,
    ...outcomesOf(problem)
  ];
  return {
    outcome,
    sign: outcome === 'mixed' ? '◐' : signOf(outcome),
    share: counted ? `${number(correct)} of ${number(counted)} correct` : '',
    values: valuesOf(problem),
    tokens: tokens ? `mean ${number(tokens)} tok` : '',
    title: parts.join(', ')
  };
}

/** What the other answers have come to: `2 wrong`, `1 truncated`. */
function outcomesOf({ answers }: IProblem): string[] {
  const counts = new Map<string, number>();
  for (const entry of answers) {
    const standing = standingOf(entry);
    counts.set(standing, (counts.get(standing) ?? 0) + 1);
  }
  const named = OUTCOMES.filter(
    outcome => outcome !== 'correct' && counts.has(outcome)
  ).map(outcome => `${number(counts.get(outcome)!)} ${outcomeWord(outcome)}`);
  const running = counts.get('running');
  return running ? [...named, `${number(running)} running`] : named;
}

function valuesOf({ answers }: IProblem): string {
  const wrong = new Map<string, number>();
  for (const { row, stream } of answers) {
    if (stream === null && row.outcome === 'wrong') {
      const value = valueOf(row.extracted);
      wrong.set(value, (wrong.get(value) ?? 0) + 1);
    }
  }
  const gold = valueOf(answers[0].row.gold);
  if (wrong.size === 0) {
    return gold;
  }
  const named = [...wrong]
    .sort(([, a], [, b]) => b - a)
    .map(([value, n]) => (n > 1 ? `${value} ×${number(n)}` : value));
  const more = named.length > MOST_VALUES ? ', …' : '';
  return `${named.slice(0, MOST_VALUES).join(', ')}${more} ≠ ${gold}`;
}

function valueOf(value: string): string {
  return oneLine(readable(value), LONGEST);
}
