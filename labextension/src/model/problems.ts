/** Problems that were answered more than once, each with its answers: what the list shows as one line. Pure. */
import { Outcome, outcomeCounts } from '../record/vocabulary';
import { IEntry, secondsOf, standingOf, tokensOf } from './entry';

export interface IProblem {
  /** All its answers, the first repeat first, whatever the filter. */
  answers: IEntry[];
  /** Those that the filter leaves, in the list's order. */
  fits: IEntry[];
}

/** Of a problem: answers that are correct, and that count for the accuracy. */
export interface IProblemCounts {
  correct: number;
  counted: number;
}

/** The problems of the answers that are left, in the order in which these name them. */
export function problemsOf(
  fits: readonly IEntry[],
  all: ReadonlyMap<string, IEntry[]>
): IProblem[] {
  const found = new Map<string, IProblem>();
  for (const entry of fits) {
    const { id } = entry.row;
    const problem = found.get(id);
    if (problem) {
      problem.fits.push(entry);
    } else {
      found.set(id, { answers: all.get(id) ?? [entry], fits: [entry] });
    }
  }
  for (const { answers } of found.values()) {
    answers.sort((a, b) => a.row.repeat - b.row.repeat);
  }
  return [...found.values()];
}

export function countsOf(problem: IProblem): IProblemCounts {
  const counted = countedOf(problem);
  const correct = counted.filter(standing => standing === 'correct').length;
  return { correct, counted: counted.length };
}

/** What its answers have come to that count for the accuracy. */
export function countedOf({ answers }: IProblem): Outcome[] {
  return answers
    .map(standingOf)
    .filter(standing => standing !== 'running')
    .filter(outcomeCounts);
}

/**
 * The share of correct answers, by which problems are ordered. Where none counts it is 0, as of a problem that was asked
 * in vain; where none has come to its end, it is beyond all others.
 */
export function shareOf(problem: IProblem): number {
  const { correct, counted } = countsOf(problem);
  const isDone = doneOf(problem).length > 0;
  return counted ? correct / counted : isDone ? 0 : Infinity;
}

/** Mean tokens of the answers that have come to their end; 0 where none has. */
export function meanTokens(problem: IProblem): number {
  return mean(doneOf(problem).map(tokensOf)) ?? 0;
}

/** Mean seconds of those; null where none is known. */
export function meanSeconds(problem: IProblem): number | null {
  const known = doneOf(problem).map(secondsOf);
  return mean(known.filter(seconds => seconds !== null));
}

function doneOf({ answers }: IProblem): IEntry[] {
  return answers.filter(
    entry => entry.stream === null && entry.row.outcome !== 'pending'
  );
}

function mean(values: number[]): number | null {
  return values.length
    ? values.reduce((sum, value) => sum + value, 0) / values.length
    : null;
}
