/** The sign and the word of what a row is told apart by: its outcome, or that it is being answered. */
import { Standing } from '../model/entry';
import { outcomeSign, outcomeWord, stateSign } from '../record/vocabulary';

export function signOf(standing: Standing): string {
  return standing === 'running' ? stateSign(standing) : outcomeSign(standing);
}

export function wordOf(standing: Standing): string {
  return standing === 'running' ? 'running' : outcomeWord(standing);
}
