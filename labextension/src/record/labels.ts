/**
 * What a reader calls runs, and notes on them: `qwq_labels.json` beside the runs' folders (`qwq_nb/store/labels.py` reads
 * and writes it too). The folders keep their names, which notebooks refer to.
 */
import { asObject, asText, clipped, parseJson } from './values';

export const LABELS = 'qwq_labels.json';
export const MOST_LABELS = 2_000_000; // bytes of the file

const SCHEMA = 'qwq_labels.v1';
const LONGEST_LABEL = 200;
const LONGEST_NOTE = 2_000;

export interface ILabel {
  label: string;
  note: string;
}

export type Labels = Map<string, ILabel>;

/** The labels by the runs' folders; throws SyntaxError where the file is not of this version. */
export function readLabels(text: string): Labels {
  const source = asObject(parseJson(text));
  if (source.schema !== SCHEMA) {
    throw new SyntaxError('it is of another version');
  }
  return new Map(
    Object.entries(asObject(source.runs)).map(([folder, value]) => {
      const { label, note } = asObject(value);
      return [folder, cleaned({ label: asText(label), note: asText(note) })];
    })
  );
}

export function writtenLabels(labels: Labels): string {
  const runs = Object.fromEntries(
    [...labels].filter(([, { label, note }]) => label || note)
  );
  return `${JSON.stringify({ schema: SCHEMA, runs }, null, 1)}\n`;
}

export function cleaned({ label, note }: ILabel): ILabel {
  return {
    label: clipped(label.trim(), LONGEST_LABEL),
    note: clipped(note.trim(), LONGEST_NOTE)
  };
}
