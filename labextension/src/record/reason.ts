/** Why an outcome: the record's code and values put into words. */
import { number } from './format';
import { SampleView } from './record';
import { ReasonCode, REASONS } from './vocabulary';

/**
 * Why the sample's outcome, for a view that shows its gold and its extracted value beside the sentence.
 *
 * A record without a code (an older one, or one with withheld texts), or with one that is not known here, has its
 * sentence as it stands.
 */
export function reasonOf(
  row: Pick<SampleView, 'why' | 'gold' | 'extracted' | 'error' | 'reason'>
): string {
  const { reason } = row;
  if (reason === null || !Object.hasOwn(REASONS, reason.code)) {
    return row.why;
  }
  const words = REASONS[reason.code as ReasonCode];
  const whole = row.gold ? words.why : (words.without_gold ?? words.why);
  const values: Record<string, string | number> = {
    gold: row.gold,
    extracted: row.extracted,
    error: row.error,
    ...reason.values
  };
  const said = (words.brief ?? whole).replace(/\{(\w+)\}/g, (_, name) => {
    const value = Object.hasOwn(values, name) ? values[name] : '';
    return typeof value === 'number' ? number(value) : value;
  });
  const { detail } = reason.values;
  return detail ? `${said}: ${detail}` : said;
}
