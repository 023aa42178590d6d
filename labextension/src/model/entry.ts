/** A line of the list: a sample × repeat, and its stream while it is being answered. */
import { Clip, InFlight, SampleView } from '../record/record';
import { FAILURES_FIRST, Outcome } from '../record/vocabulary';
import { IStream } from './stream';

/** What a row is told apart by: its outcome, or that it is being answered. */
export type Standing = Outcome | 'running';

/** Characters that tell one text from another. */
const COMPARED = 200;

export const STANDINGS: Standing[] = ['running', ...FAILURES_FIRST];

/** A line of the list. */
export interface IEntry {
  key: string;
  row: SampleView;
  /** Its stream, while it is being answered. */
  stream: IStream | null;
}

/** A message of the prompt. */
export interface IMessage {
  role: string;
  content: string;
}

/** The whole texts of a sample, from the run directory. */
export interface ITrace {
  reasoning: string;
  answer: string;
  /** What was asked; null where the file does not say, or says more than texts. */
  prompt?: IMessage[] | null;
}

export function standingOf(entry: IEntry): Standing {
  return entry.stream !== null ? 'running' : entry.row.outcome;
}

export function tokensOf({ row, stream }: IEntry): number {
  return stream?.flight.tokens ?? row.reasoning_tokens + row.answer_tokens;
}

export function secondsOf({ row, stream }: IEntry): number | null {
  return stream?.flight.elapsed_s ?? row.latency_s;
}

export function subsetKey(row: { benchmark: string; subset: string }): string {
  return `${row.benchmark}\0${row.subset}`;
}

/** Whether a file of the run holds more of the sample's texts than the record. */
export function isClipped(row: SampleView): boolean {
  const lacks = (clip: Clip | null, tokens: number): boolean =>
    clip === null ? tokens > 0 : clip.omitted > 0;
  return (
    row.file !== '' &&
    (lacks(row.reasoning, row.reasoning_tokens) ||
      lacks(row.answer, row.answer_tokens))
  );
}

/** The row of a sample that is being answered for the first time. */
export function rowOf(flight: InFlight): SampleView {
  return {
    benchmark: flight.benchmark,
    subset: flight.subset,
    id: flight.id,
    repeat: flight.repeat,
    outcome: 'pending',
    why: 'being answered',
    gold: '',
    extracted: '',
    second_extracted: '',
    flags: [],
    reasoning_tokens: 0,
    answer_tokens: 0,
    finish_reason: '',
    attempts: flight.attempt,
    ttft_s: null,
    latency_s: null,
    error: '',
    source_id: '',
    question: null,
    reasoning: null,
    answer: null,
    choices: [],
    file: '',
    analysis: null,
    reason: null,
    code: null,
    execution: null,
    calls: [],
    entropy: '',
    turns: [],
    picture: null,
    drawing: null,
    ruling: null,
    track: null
  };
}

/** Whether a text can be the one that the record holds a part of; where it holds none it can. */
export function isOf(clip: Clip | null, text: string): boolean {
  const begins = clip?.text.slice(0, clip.omitted ? clip.at : undefined) ?? '';
  return text.startsWith(begins.slice(0, COMPARED));
}
