/**
 * The record `run.v1`, as `qwq_nb/core/run_record.py` defines it: read from whatever a notebook holds, typed by how it is read.
 *
 * A notebook is not to be trusted to hold what the schema says, so nothing is taken as it stands: each field is read
 * by its kind and is of that kind afterwards. A test keeps the kinds equal to `run.v1.schema.json`.
 */
import { asNumber, asObject, asText, clipped, listOf } from './values';
import {
  GAME_STATE_NAMES,
  OUTCOMES,
  PHASE_NAMES,
  STATE_NAMES
} from './vocabulary';

export const MIME_TYPE = 'application/vnd.qwq-nb.run.v1+json';

/** A field's kind: how it is read, and what the schema says of it. */
export interface IKind<T> {
  read: (value: unknown) => T;
  schema: object;
  /** Whether a record may leave it out. */
  optional?: boolean;
}

/** What is read of one text, list or mapping of a record, whatever it holds: more would freeze or fill the page. */
const LONGEST = 20_000; // characters, of all texts but questions, reasonings and answers
const MOST = 100_000;
const MOST_SAMPLES = 100_000;
const MOST_OF_A_SAMPLE = 1_000;
const MOST_KEYS = 1_000;

type Fields = Record<string, IKind<unknown>>;
type Read<F extends Fields> = {
  [K in keyof F]: F[K] extends IKind<infer T> ? T : never;
};

const text: IKind<string> = {
  read: value => clipped(asText(value), LONGEST),
  schema: { type: 'string' }
};
/** What a model wrote, or was asked; the view draws as much of it as it can. */
const prose: IKind<string> = { read: asText, schema: { type: 'string' } };
const count: IKind<number> = { read: asNumber, schema: { type: 'integer' } };
const number: IKind<number> = { read: asNumber, schema: { type: 'number' } };
const flag: IKind<boolean> = {
  read: value => value === true,
  schema: { type: 'boolean' }
};

function nullable<T>(kind: IKind<T>): IKind<T | null> {
  return {
    read: value =>
      value === null ||
      value === undefined ||
      (typeof value === 'number' && !Number.isFinite(value))
        ? null
        : kind.read(value),
    schema: { anyOf: [kind.schema, { type: 'null' }] }
  };
}

/** One of the values; anything else is read as the last one or `otherwise`. */
function oneOf<T extends string>(
  values: readonly T[],
  otherwise: T = values[values.length - 1]
): IKind<T> {
  return {
    read: value => (values.includes(value as T) ? (value as T) : otherwise),
    schema: { enum: [...values].sort() }
  };
}

function list<T>(kind: IKind<T>, most = MOST): IKind<T[]> {
  return {
    read: value => listOf(value, most).map(kind.read),
    schema: { type: 'array', items: kind.schema }
  };
}

function mapping<T>(kind?: IKind<T>): IKind<Record<string, T>> {
  return {
    read: value =>
      Object.fromEntries(
        Object.entries(asObject(value))
          .slice(0, MOST_KEYS)
          .map(([key, item]) => [
            clipped(key, LONGEST),
            (kind ? kind.read(item) : item) as T
          ])
      ),
    schema: kind
      ? { type: 'object', additionalProperties: kind.schema }
      : { type: 'object' }
  };
}

function optional<T>(kind: IKind<T>, fallback: unknown): IKind<T> {
  return {
    read: value => kind.read(value === undefined ? fallback : value),
    schema: { ...kind.schema, default: fallback },
    optional: true
  };
}

function struct<F extends Fields>(name: string, fields: F): IKind<Read<F>> {
  const kinds = Object.entries(fields);
  const nothing = {};
  return {
    read: value => {
      // Not copied first: a run has thousands of samples with dozens of fields.
      const source = (
        typeof value === 'object' && value !== null ? value : nothing
      ) as Record<string, unknown>;
      const made: Record<string, unknown> = {};
      for (const [key, kind] of kinds) {
        made[key] = kind.read(
          Object.hasOwn(source, key) ? source[key] : undefined
        );
      }
      return made as Read<F>;
    },
    schema: { $ref: `#/$defs/${name}` }
  };
}

const nothing = null;

/** Where something stands: two offsets, or nothing. */
const span: IKind<number[]> = {
  read: value =>
    Array.isArray(value) && value.length === 2 ? value.map(asNumber) : [],
  schema: {
    type: 'array',
    minItems: 2,
    maxItems: 2,
    prefixItems: [{ type: 'integer' }, { type: 'integer' }],
    items: false
  }
};

/** A candidate answer: two offsets, and whether it is the right one (null: not known). Nothing reads them here. */
const candidate: IKind<(number | boolean | null)[]> = {
  read: value =>
    Array.isArray(value) && value.length === 3
      ? [
          asNumber(value[0]),
          asNumber(value[1]),
          typeof value[2] === 'boolean' ? value[2] : null
        ]
      : [],
  schema: {
    type: 'array',
    minItems: 3,
    maxItems: 3,
    prefixItems: [
      { type: 'integer' },
      { type: 'integer' },
      { anyOf: [{ type: 'boolean' }, { type: 'null' }] }
    ],
    items: false
  }
};

export const CLIP = {
  text: optional(prose, ''),
  omitted: optional(count, 0),
  at: optional(count, 0)
};

const outcome = oneOf(OUTCOMES, 'pending');

export const LOOP = {
  start: count,
  end: count,
  period: count,
  repeats: count
};

export const ANALYSIS = {
  version: optional(count, 1),
  chars: optional(count, 0),
  thoughts: optional(count, 0),
  switches: optional(list(count), []),
  first_correct: optional(nullable(span), nothing),
  last_correct: optional(nullable(span), nothing),
  left: optional(nullable(span), nothing),
  candidates: optional(list(candidate, MOST_OF_A_SAMPLE), []),
  loop: optional(nullable(struct('Loop', LOOP)), nothing),
  foreign: optional(list(span, MOST_OF_A_SAMPLE), []),
  foreign_share: optional(number, 0),
  languages: optional(list(text, MOST_OF_A_SAMPLE), []),
  measures: optional(mapping(), {})
};

/** A number of tokens or seconds, or a text. */
const reasonValue: IKind<number | string> = {
  read: value =>
    typeof value === 'number' ? asNumber(value) : text.read(value),
  schema: { anyOf: [{ type: 'integer' }, { type: 'string' }] }
};

export const REASON = {
  code: text,
  values: optional(mapping(reasonValue), {})
};

export const STATUSES = [
  'passed',
  'failed',
  'timeout',
  'memory',
  'crashed',
  'output_limit',
  'not_run'
] as const;

export const FAILED_TEST = {
  number: count,
  status: oneOf(STATUSES, 'failed'),
  input: optional(text, ''),
  expected: optional(text, ''),
  got: optional(text, ''),
  line: optional(nullable(count), nothing),
  stderr: optional(text, '')
};

export const GAME_PLAY = {
  policy: text,
  seconds: optional(number, 0),
  frames: optional(count, 0),
  distinct: optional(count, 0),
  ended: optional(text, '')
};

export const GAME_ERROR = {
  policy: text,
  what: text,
  line: optional(nullable(count), nothing),
  source: optional(text, ''),
  traceback: optional(text, '')
};

export const GAME = {
  state: oneOf(GAME_STATE_NAMES, 'undecided'),
  checks: optional(mapping(nullable(flag)), {}),
  says: optional(mapping(text), {}),
  seconds: optional(number, 0),
  plays: optional(list(struct('GamePlay', GAME_PLAY), MOST_OF_A_SAMPLE), []),
  error: optional(nullable(struct('GameError', GAME_ERROR)), nothing),
  why: optional(text, ''),
  clip: optional(text, ''),
  clip_of: optional(text, '')
};

/** A clip, in base64: see `pictureOf` of the view for what of it is drawn. */
export const GAME_CLIP = {
  data: optional(prose, ''),
  width: optional(count, 0),
  height: optional(count, 0),
  frames: optional(count, 0),
  file: optional(text, ''),
  note: optional(text, '')
};

export const EXECUTION = {
  status: optional(oneOf([...STATUSES, ''] as const, ''), ''),
  passed: optional(count, 0),
  total: optional(count, 0),
  marks: optional(text, ''),
  first_failed: optional(nullable(struct('FailedTest', FAILED_TEST)), nothing),
  seconds: optional(number, 0),
  cpu_seconds: optional(number, 0),
  peak_memory_mb: optional(number, 0),
  sandbox: optional(text, ''),
  fault: optional(text, ''),
  differs: optional(text, ''),
  game: optional(nullable(struct('Game', GAME)), nothing)
};

export const TURN_VIEW = {
  role: text,
  endpoint: optional(text, ''),
  model: optional(text, ''),
  try: optional(count, 1),
  retry: optional(count, 0),
  reasoning_tokens: optional(count, 0),
  answer_tokens: optional(count, 0),
  latency_s: optional(nullable(number), nothing),
  reasoning: optional(nullable(struct('Clip', CLIP)), nothing),
  answer: optional(nullable(struct('Clip', CLIP)), nothing),
  same_reasoning: optional(flag, false),
  same_answer: optional(flag, false),
  format: optional(text, ''),
  malformed: optional(text, ''),
  syntax_error: optional(text, ''),
  files: optional(list(text, MOST_OF_A_SAMPLE), []),
  diff: optional(nullable(struct('Clip', CLIP)), nothing),
  execution: optional(nullable(struct('Execution', EXECUTION)), nothing)
};

export const BOARD_ROW = {
  model: text,
  editor_model: optional(text, ''),
  edit_format: optional(text, ''),
  editor_edit_format: optional(text, ''),
  test_cases: optional(count, 0),
  pass_rate_1: optional(nullable(number), nothing),
  pass_rate_1_low: optional(nullable(number), nothing),
  pass_rate_1_high: optional(nullable(number), nothing),
  pass_rate_2: optional(nullable(number), nothing),
  ci_low: optional(nullable(number), nothing),
  ci_high: optional(nullable(number), nothing),
  percent_cases_well_formed: optional(nullable(number), nothing),
  percent_well_formed_by_aider: optional(nullable(number), nothing),
  percent_well_formed_architect: optional(nullable(number), nothing),
  percent_well_formed_editor: optional(nullable(number), nothing),
  error_outputs: optional(nullable(count), 0),
  num_malformed_responses: optional(nullable(count), 0),
  num_with_malformed_responses: optional(nullable(count), 0),
  num_malformed_by_aider: optional(nullable(count), 0),
  no_edit: optional(nullable(count), 0),
  no_edit_passed: optional(nullable(count), 0),
  user_asks: optional(nullable(count), nothing),
  lazy_comments: optional(nullable(count), 0),
  syntax_errors: optional(nullable(count), 0),
  indentation_errors: optional(nullable(count), 0),
  exhausted_context_windows: optional(nullable(count), 0),
  test_timeouts: optional(nullable(count), 0),
  prompt_tokens: optional(nullable(count), nothing),
  completion_tokens: optional(nullable(count), nothing),
  architect_tokens: optional(nullable(count), nothing),
  editor_tokens: optional(nullable(count), nothing),
  seconds_per_case: optional(nullable(number), nothing),
  total_cost: optional(nullable(number), nothing),
  currency: optional(text, ''),
  command: optional(text, ''),
  date: optional(text, ''),
  versions: optional(text, ''),
  run: optional(text, ''),
  errors: optional(count, 0),
  pending: optional(count, 0),
  demo: optional(flag, false),
  published: optional(flag, false),
  exercises: optional(text, ''),
  source: optional(text, '')
};

export const GROUP_ROW = {
  benchmark: text,
  by: text,
  name: text,
  problems: count,
  n: count,
  correct: count,
  accuracy: nullable(number),
  ci_low: nullable(number),
  ci_high: nullable(number),
  tests_passed: count,
  tests_total: count
};

export const DRAWN_ARGUMENT = {
  name: text,
  value: optional(text, ''),
  expected: optional(text, ''),
  problem: optional(text, '')
};

export const DRAWN_CALL = {
  name: text,
  is_missing: optional(flag, false),
  problem: optional(text, ''),
  text: optional(text, ''),
  arguments: optional(
    list(struct('DrawnArgument', DRAWN_ARGUMENT), MOST_OF_A_SAMPLE),
    []
  )
};

export const DRAWING = {
  svg: prose,
  alt: text,
  text: optional(prose, '')
};

export const RULING_VIEW = {
  correct: flag,
  note: optional(text, ''),
  at: optional(text, '')
};

export const TRACK = {
  values: optional(list(text, MOST_OF_A_SAMPLE), []),
  right: optional(list(count, MOST_OF_A_SAMPLE), []),
  given: optional(nullable(count), nothing),
  places: optional(text, ''),
  omitted: optional(count, 0)
};

export const SAMPLE_VIEW = {
  benchmark: text,
  subset: text,
  id: text,
  repeat: count,
  outcome,
  why: text,
  gold: text,
  extracted: text,
  second_extracted: optional(text, ''),
  flags: optional(list(text, MOST_OF_A_SAMPLE), []),
  reasoning_tokens: optional(count, 0),
  answer_tokens: optional(count, 0),
  finish_reason: optional(text, ''),
  attempts: optional(count, 0),
  ttft_s: optional(nullable(number), nothing),
  latency_s: optional(nullable(number), nothing),
  error: optional(text, ''),
  source_id: optional(text, ''),
  question: optional(nullable(struct('Clip', CLIP)), nothing),
  reasoning: optional(nullable(struct('Clip', CLIP)), nothing),
  answer: optional(nullable(struct('Clip', CLIP)), nothing),
  choices: optional(list(text, MOST_OF_A_SAMPLE), []),
  file: optional(text, ''),
  analysis: optional(nullable(struct('Analysis', ANALYSIS)), nothing),
  reason: optional(nullable(struct('Reason', REASON)), nothing),
  code: optional(nullable(struct('Clip', CLIP)), nothing),
  execution: optional(nullable(struct('Execution', EXECUTION)), nothing),
  entropy: optional(text, ''),
  calls: optional(list(struct('DrawnCall', DRAWN_CALL), MOST_OF_A_SAMPLE), []),
  turns: optional(list(struct('TurnView', TURN_VIEW), MOST_OF_A_SAMPLE), []),
  picture: optional(nullable(struct('GameClip', GAME_CLIP)), nothing),
  drawing: optional(nullable(struct('Drawing', DRAWING)), nothing),
  ruling: optional(nullable(struct('RulingView', RULING_VIEW)), nothing),
  track: optional(nullable(struct('Track', TRACK)), nothing)
};

export const IN_FLIGHT = {
  benchmark: text,
  subset: text,
  id: text,
  repeat: count,
  tokens: count,
  elapsed_s: number,
  phase: oneOf(PHASE_NAMES, 'waiting'),
  attempt: optional(count, 1),
  reasoning_tail: optional(prose, ''),
  reasoning_at: optional(count, 0),
  answer_tail: optional(prose, ''),
  answer_at: optional(count, 0)
};

export const SHARD_PROGRESS = {
  number: count,
  total: count,
  done: count,
  state: text,
  worker: optional(text, ''),
  in_flight: optional(count, 0),
  tokens_per_s: optional(number, 0),
  moved: optional(count, 0)
};

export const PROGRESS = {
  total: optional(count, 0),
  done: optional(count, 0),
  reused: optional(count, 0),
  in_flight: optional(count, 0),
  grading: optional(count, 0),
  errors: optional(count, 0),
  retries: optional(count, 0),
  elapsed_s: optional(number, 0),
  eta_s: optional(nullable(number), nothing),
  problems_left: optional(nullable(count), nothing),
  tokens: optional(count, 0),
  tokens_per_s: optional(number, 0),
  step: optional(text, ''),
  concurrency: optional(count, 0),
  waiting: optional(text, ''),
  shards: optional(list(struct('ShardProgress', SHARD_PROGRESS), MOST_KEYS), [])
};

export const REPEAT_SCORES = {
  k: count,
  problems: count,
  short: optional(count, 0),
  avg_at_k: optional(nullable(number), nothing),
  avg_low: optional(nullable(number), nothing),
  avg_high: optional(nullable(number), nothing),
  pass_at_k: optional(nullable(number), nothing),
  pass_low: optional(nullable(number), nothing),
  pass_high: optional(nullable(number), nothing),
  cons_at_k: optional(nullable(number), nothing),
  cons_low: optional(nullable(number), nothing),
  cons_high: optional(nullable(number), nothing)
};

export const SUBSET_ROW = {
  benchmark: text,
  subset: text,
  n: count,
  correct: count,
  accuracy: nullable(number),
  ci_low: nullable(number),
  ci_high: nullable(number),
  accuracy_finished: nullable(number),
  truncated: count,
  no_answer: count,
  not_gradable: count,
  errors: count,
  mean_reasoning_tokens: nullable(number),
  mean_answer_tokens: nullable(number),
  ttft_p50_s: nullable(number),
  tokens_per_s_p50: nullable(number),
  pending: optional(count, 0),
  wrong: optional(count, 0),
  accuracy_of_asked: optional(nullable(number), nothing),
  population: optional(nullable(count), nothing),
  mean_score: optional(nullable(number), nothing),
  metric: optional(text, ''),
  awaiting_ruling: optional(count, 0),
  tests_passed: optional(nullable(count), nothing),
  tests_total: optional(nullable(count), nothing),
  problems: optional(count, 0),
  similar_low: optional(nullable(number), nothing),
  similar_high: optional(nullable(number), nothing),
  repeated: optional(nullable(struct('RepeatScores', REPEAT_SCORES)), nothing)
};

export const RUN_COST = {
  so_far: number,
  expected: nullable(number),
  per_correct: nullable(number),
  uncounted: optional(count, 0),
  currency: optional(text, '')
};

export const CHOSEN = {
  id: text,
  repeat: optional(count, 0)
};

export const RUN_RECORD = {
  schema: optional(oneOf(['run.v1']), 'run.v1'),
  run_id: text,
  name: text,
  state: oneOf(STATE_NAMES, 'complete'),
  demo: flag,
  created: text,
  updated: text,
  model: text,
  endpoint: text,
  url: text,
  key_env: optional(text, ''),
  sampling: mapping(),
  benchmarks: list(text),
  repeats: count,
  limit: nullable(count),
  seed: count,
  concurrency: count,
  data: text,
  versions: mapping(text),
  run_dir: text,
  command: text,
  progress: struct('Progress', PROGRESS),
  cost: optional(nullable(struct('RunCost', RUN_COST)), nothing),
  table: list(struct('SubsetRow', SUBSET_ROW)),
  samples: list(struct('SampleView', SAMPLE_VIEW), MOST_SAMPLES),
  samples_total: optional(count, 0),
  partial: optional(flag, false),
  in_flight: optional(list(struct('InFlight', IN_FLIGHT), MOST_KEYS), []),
  notes: optional(list(text), []),
  references: optional(list(mapping(), MOST_KEYS), []),
  groups: optional(list(struct('GroupRow', GROUP_ROW), MOST_KEYS), []),
  board: optional(list(struct('BoardRow', BOARD_ROW), MOST_KEYS), []),
  withheld: optional(flag, false),
  withheld_benchmarks: optional(nullable(list(text)), nothing),
  chosen: optional(nullable(struct('Chosen', CHOSEN)), nothing),
  interrupted: optional(flag, false)
};

export type Track = Read<typeof TRACK>;
export type Analysis = Read<typeof ANALYSIS>;
export type Clip = Read<typeof CLIP>;
export type SampleView = Read<typeof SAMPLE_VIEW>;
export type InFlight = Read<typeof IN_FLIGHT>;
export type Progress = Read<typeof PROGRESS>;
export type RepeatScores = Read<typeof REPEAT_SCORES>;
export type ShardProgress = Read<typeof SHARD_PROGRESS>;
export type SubsetRow = Read<typeof SUBSET_ROW>;
export type RunRecord = Read<typeof RUN_RECORD>;
export type Reason = Read<typeof REASON>;
export type Execution = Read<typeof EXECUTION>;
export type DrawnArgument = Read<typeof DRAWN_ARGUMENT>;
export type DrawnCall = Read<typeof DRAWN_CALL>;
export type TurnView = Read<typeof TURN_VIEW>;
export type BoardRow = Read<typeof BOARD_ROW>;
export type Game = Read<typeof GAME>;
export type GameError = Read<typeof GAME_ERROR>;
export type Picture = Read<typeof GAME_CLIP>;
export type Drawing = Read<typeof DRAWING>;
export type FailedTest = Read<typeof FAILED_TEST>;

const record = struct('RunRecord', RUN_RECORD);

/** The record in a notebook's output, or null where there is none of this version. */
export function readRecord(value: unknown): RunRecord | null {
  const version = asObject(value).schema ?? 'run.v1';
  if (typeof value !== 'object' || value === null || version !== 'run.v1') {
    return null;
  }
  const read = record.read(value);
  const { samples } = asObject(value);
  const left = (Array.isArray(samples) ? samples.length : 0) - MOST_SAMPLES;
  if (left > 0) {
    read.notes.unshift(`${left} more samples of this record are not shown.`);
  }
  return read;
}

/** What a sample × repeat is known by. */
export function keyOf(row: { id: string; repeat: number }): string {
  return `${row.repeat} ${row.id}`;
}
