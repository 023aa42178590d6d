/**
 * The words that Python and the extension share: `qwq_nb/core/vocabulary.json` and `tex_words.json`, with their types.
 *
 * Nothing is written down here a second time; `qwq_nb/core/vocabulary.py` reads the same files.
 */
import texWords from '../../../qwq_nb/core/tex_words.json';
import vocabulary from '../../../qwq_nb/core/vocabulary.json';

export type Outcome = keyof typeof vocabulary.outcomes;
export type Phase = keyof typeof vocabulary.phases;
export type State = keyof typeof vocabulary.states;
export type ReasonCode = keyof typeof vocabulary.reasons;

interface IOutcomeWords {
  word: string;
  /** Behind any number but 1: `14 wrong`, `3 errors`. */
  plural: string;
  /** A plain sign that every font has; the word always stands beside it. */
  sign: string;
  /** Whether such an answer counts for the accuracy. */
  counts: boolean;
  failure: boolean;
}

interface IReasonWords {
  /** The whole sentence; `{name}` stands for a value. */
  why: string;
  /** The sentence where the gold value is not known. */
  without_gold?: string;
  /** The sentence for a view that shows the gold and the extracted value beside it. */
  brief?: string;
}

interface IFlagWords {
  word: string;
  title: string;
}

function keysOf<K extends string>(table: Record<K, unknown>): K[] {
  return Object.keys(table) as K[];
}

const outcomes: Record<Outcome, IOutcomeWords> = vocabulary.outcomes;
const flags: Record<string, IFlagWords> = vocabulary.flags;
const states: Record<State, { sign: string; live: boolean }> =
  vocabulary.states;

export type Column = keyof typeof vocabulary.columns;

export interface IColumnWords {
  /** Its head; `{k}` stands for the number of repeats. */
  word: string;
  /** What it counts or measures, in half a sentence. */
  title: string;
  /** What is done where all of its values are 0: say `0 errors` below the table, or nothing. */
  zero?: string;
  /** Those with the lowest number leave a narrow table first; without one, never. */
  priority?: number;
  /** Whether it is shown only where the reader asks for it. */
  optional?: boolean;
}

/** Columns of a run's table, in order. */
export const COLUMNS: Record<Column, IColumnWords> = vocabulary.columns;
export const COLUMN_NAMES = keysOf(COLUMNS);

type GameState = keyof typeof vocabulary.game_states;

export const GAME_STATE_NAMES = keysOf<GameState>(vocabulary.game_states);
/** States of a game, in words. */
export const GAME_STATES: Record<GameState, string> = vocabulary.game_states;
/** Facts on a game; of a name that ends with `_`, a key follows. */
export const GAME_CHECKS: Record<string, string> = vocabulary.game_checks;

export const REASONS: Record<ReasonCode, IReasonWords> = vocabulary.reasons;

/** In the order of the table. */
export const OUTCOMES = keysOf(outcomes);

/** As a reader wants them: failures, then the others, each in the table's order. */
export const FAILURES_FIRST = [...OUTCOMES].sort(
  (a, b) => Number(outcomes[b].failure) - Number(outcomes[a].failure)
);

export function outcomeWord(outcome: Outcome): string {
  return outcomes[outcome].word;
}

/** The word behind a number of such answers. */
export function outcomeWords(outcome: Outcome, n: number): string {
  return n === 1 ? outcomes[outcome].word : outcomes[outcome].plural;
}

/** Whether an answer with this outcome counts for the accuracy. */
export function outcomeCounts(outcome: Outcome): boolean {
  return outcomes[outcome].counts;
}

export function outcomeSign(outcome: Outcome): string {
  return outcomes[outcome].sign;
}

/** A verdict in a word, as a reader's own is said: `right`, `not right`. */
export function rulingWord(correct: boolean): string {
  const { right_explained, explained } = vocabulary.reasons;
  return (correct ? right_explained : explained).why;
}

/** The flag's word; of a flag that is not in the vocabulary, its name without underscores. */
export function flagWord(flag: string): string {
  return Object.hasOwn(flags, flag)
    ? flags[flag].word
    : flag.replace(/_/g, ' ');
}

/** What the flag means, in half a sentence; empty where it is not in the vocabulary. */
export function flagTitle(flag: string): string {
  return Object.hasOwn(flags, flag) ? flags[flag].title : '';
}

/** What is said of the marks at places of the right answer, and how sure they are. */
export const ANSWER_PLACE: { first: string; left: string } =
  vocabulary.answer_place;

export const PHASES: Record<Phase, string> = vocabulary.phases;
export const PHASE_NAMES = keysOf(PHASES);

export const STATE_NAMES = keysOf(states);

/** A state's sign; `?` of one that is not in the vocabulary. */
export function stateSign(state: string): string {
  return Object.hasOwn(states, state) ? states[state as State].sign : '?';
}

/** Whether a run in this state is going on. */
export function isLiveState(state: string): boolean {
  return Object.hasOwn(states, state) && states[state as State].live;
}

/** Stands beside every number of a run on the built-in problems. */
export const DEMO_NOTICE = vocabulary.demo_notice;

/** Phrases that open a new thought, as regular expressions; `near` in characters. */
export const THOUGHT_SWITCHES: {
  english: string[];
  chinese: string[];
  kinds: Record<string, string[]>;
  kind_within: number;
  near: number;
} = vocabulary.thought_switches;

/** Macros and environments of LaTeX that may be typeset. */
export const TEX_WORDS: ReadonlySet<string> = new Set(texWords.words);
export const TEX_ENVIRONMENTS: ReadonlySet<string> = new Set(
  texWords.environments
);
/** The character that stands for a macro where nothing is typeset. */
export const TEX_SIGNS: Record<string, string> = texWords.signs;
