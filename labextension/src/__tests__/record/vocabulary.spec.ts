import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import {
  ANSWER_PLACE,
  FAILURES_FIRST,
  flagTitle,
  flagWord,
  isLiveState,
  OUTCOMES,
  outcomeSign,
  outcomeWord,
  PHASES,
  REASONS,
  STATE_NAMES,
  stateSign,
  TEX_ENVIRONMENTS,
  TEX_WORDS,
  THOUGHT_SWITCHES
} from '../../record/vocabulary';

interface IVocabulary {
  outcomes: Record<string, { word: string; sign: string }>;
  flags: Record<string, { word: string; title: string }>;
  states: Record<string, { sign: string; live: boolean }>;
  answer_place: object;
  phases: object;
  reasons: object;
  thought_switches: object;
}

function shared<T>(name: string): T {
  const url = new URL(`../../../../qwq_nb/core/${name}`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf-8'));
}

const file = shared<IVocabulary>('vocabulary.json');

describe('the vocabulary', () => {
  it('is the one that Python reads', () => {
    const outcomes = OUTCOMES.map(name => [
      name,
      outcomeWord(name),
      outcomeSign(name)
    ]);
    expect(outcomes).toEqual(
      Object.entries(file.outcomes).map(([name, { word, sign }]) => [
        name,
        word,
        sign
      ])
    );
    for (const [name, { word, title }] of Object.entries(file.flags)) {
      expect([flagWord(name), flagTitle(name)]).toEqual([word, title]);
    }
    for (const [name, { sign, live }] of Object.entries(file.states)) {
      expect([stateSign(name), isLiveState(name)]).toEqual([sign, live]);
    }
    expect(STATE_NAMES).toEqual(Object.keys(file.states));
    expect(ANSWER_PLACE).toEqual(file.answer_place);
    expect(PHASES).toEqual(file.phases);
    expect(REASONS).toEqual(file.reasons);
    expect(THOUGHT_SWITCHES).toEqual(file.thought_switches);
    const tex = shared<Record<string, string[]>>('tex_words.json');
    expect([...TEX_WORDS]).toEqual(tex.words);
    expect([...TEX_ENVIRONMENTS]).toEqual(tex.environments);
  });

  it('puts failures first, each in the table’s order', () => {
    // As `FAILURES_FIRST` of qwq_nb/core/vocabulary.py; tests/core/test_vocabulary.py has the same list.
    expect(FAILURES_FIRST).toEqual([
      'wrong',
      'no_answer',
      'truncated',
      'not_gradable',
      'error',
      'correct',
      'pending',
      'awaiting_ruling'
    ]);
  });

  it('says something of names that are not in it', () => {
    expect(flagWord('of_a_later_version')).toBe('of a later version');
    expect(flagWord('constructor')).toBe('constructor');
    expect(flagTitle('constructor')).toBe('');
    expect(stateSign('constructor')).toBe('?');
    expect(isLiveState('constructor')).toBe(false);
  });
});
