/** Records made of others here: all rows seen, as a notebook is to hold them; one that ended; one without texts. */
import { RunRecord, SampleView } from '../record/record';
import { isLiveState } from '../record/vocabulary';
import { RunModel } from './model';

/** Characters of a record in the notebook's file: with its html an output has at most 1 MB. */
const MOST = 700_000;

/**
 * The record, which is the model's latest or made of it, with the rows of all updates. Texts are left out where there
 * are too many: of failures last.
 */
export function fullRecord(
  model: RunModel,
  latest: RunRecord,
  most = MOST
): object {
  const record = { ...latest, partial: false };
  const rows = model.rows();
  const sizeOf = (value: object): number => JSON.stringify(value).length;
  const samples: object[] = rows.map(row => lean(withoutText(row)));
  let space = most - sizeOf({ ...record, samples });
  for (const failures of [true, false]) {
    rows.forEach((row, index) => {
      if ((row.outcome !== 'correct') === failures) {
        const whole = lean(row);
        const more = sizeOf(whole) - sizeOf(samples[index]);
        if (more <= space) {
          space -= more;
          samples[index] = whole;
        }
      }
    });
  }
  return { ...record, samples };
}

function withoutText(row: SampleView): SampleView {
  return { ...row, reasoning: null, answer: null, analysis: null, code: null };
}

/** The row without what reads the same where it is left out. */
function lean(row: SampleView): object {
  const says = (value: unknown): boolean =>
    value !== null && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(row).filter(([, v]) => says(v)));
}

/** The record of a run that went on, as it is if its kernel has gone (`qwq_nb/run/saved_output.py`). */
export function ended(record: RunRecord): RunRecord {
  return {
    ...record,
    state: isLiveState(record.state) ? 'stopped' : record.state,
    interrupted: isLiveState(record.state) || record.interrupted,
    partial: false,
    in_flight: [],
    notes: record.notes.filter(note => note !== record.progress.waiting),
    progress: {
      ...record.progress,
      eta_s: null,
      problems_left: null,
      in_flight: 0,
      grading: 0,
      step: '',
      waiting: ''
    }
  };
}

/** A choice's letter; anything else may be a part of a text (`qwq_nb/run/withhold.py`). */
function shownValue(value: string): string {
  const letter = /^\s*\(?([A-Za-z])\)?[.:]?\s*$/.exec(value);
  return letter ? letter[1] : value.trim() ? '(withheld)' : '';
}

/** The record without the texts that a benchmark's authors ask not to publish. */
export function withoutTexts(record: RunRecord): RunRecord {
  const hidden = new Set(record.withheld_benchmarks ?? record.benchmarks);
  return {
    ...record,
    withheld: true,
    samples: record.samples.map(row =>
      hidden.has(row.benchmark)
        ? {
            ...withoutText(row),
            question: null,
            choices: [],
            gold: shownValue(row.gold),
            extracted: shownValue(row.extracted),
            second_extracted: shownValue(row.second_extracted),
            why: '',
            reason: null,
            error: row.error ? '(withheld)' : '',
            execution: null,
            calls: [],
            turns: [],
            picture: null,
            drawing: null,
            ruling: null
          }
        : row
    )
  };
}
