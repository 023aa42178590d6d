/**
 * A list of verdicts to check by hand, as `qwq_nb/run/check_view.py` writes it: a run's record with the answers on the
 * list, why each is there, and the excerpts to look at. Read from whatever a notebook holds.
 */
import { keyOf, readRecord, RunRecord } from './record';
import { asNumber, asObject, asText, clipped, listOf } from './values';

export const CHECK_MIME = 'application/vnd.qwq-nb.check.v1+json';

const MOST_ENTRIES = 2_000;
const MOST_REASONS = 10;
const MOST_EXCERPTS = 6;
const LONGEST_WORDS = 200; // characters of a title or a reason
const LONGEST = 5_000; // of a part of an excerpt

export interface IExcerptOf {
  title: string;
  before: string;
  hit: string;
  after: string;
  /** Characters of the text out of sight on either side. */
  leftBefore: number;
  leftAfter: number;
}

export interface ICheckEntry {
  key: string;
  reasons: string[];
  excerpts: IExcerptOf[];
}

export interface ICheck {
  record: RunRecord;
  /** Answers of the run in all. */
  total: number;
  /** Verdicts on the list that the record has no room for. */
  left: number;
  entries: Map<string, ICheckEntry>;
}

/** The list in a notebook's output, or null where there is none of this version. */
export function readCheck(value: unknown): ICheck | null {
  const source = asObject(value);
  const record = readRecord(source.record);
  if (source.schema !== 'check.v1' || record === null) {
    return null;
  }
  const entries = listOf(source.entries, MOST_ENTRIES).map(readEntry);
  return {
    record: { ...record, partial: false },
    total: Math.max(0, asNumber(source.total)),
    left: Math.max(0, asNumber(source.left)),
    entries: new Map(entries.map(entry => [entry.key, entry]))
  };
}

function readEntry(value: unknown): ICheckEntry {
  const { sample, reasons, excerpts } = asObject(value);
  const [id, repeat] = listOf(sample, 2);
  return {
    key: keyOf({ id: asText(id), repeat: asNumber(repeat) }),
    reasons: listOf(reasons, MOST_REASONS).map(reason => words(reason)),
    excerpts: listOf(excerpts, MOST_EXCERPTS).map(excerpt => {
      const part = asObject(excerpt);
      return {
        title: words(part.title),
        before: clipped(asText(part.before), LONGEST),
        hit: clipped(asText(part.hit), LONGEST),
        after: clipped(asText(part.after), LONGEST),
        leftBefore: Math.max(0, asNumber(part.left_before)),
        leftAfter: Math.max(0, asNumber(part.left_after))
      };
    })
  };
}

function words(value: unknown): string {
  return clipped(asText(value), LONGEST_WORDS);
}
