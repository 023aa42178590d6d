import { describe, expect, it } from 'vitest';

import { reasonOf } from '../../record/reason';
import { readRecord, SampleView } from '../../record/record';
import { REASONS } from '../../record/vocabulary';

function sample(more: object): SampleView {
  return readRecord({
    samples: [{ why: 'the sentence', gold: '6', extracted: '5', ...more }]
  })!.samples[0];
}

describe('the reason of an outcome', () => {
  it.each([
    ['right', {}, 'the extracted value is right'],
    ['other_value', {}, 'the extracted value is not the gold one'],
    [
      'other_value_gold_present',
      {},
      'the extracted value is not the gold one, which stands in the text but was not extracted'
    ],
    [
      'cut_in_answer',
      { tokens: 12345 },
      'cut by the token limit after 12,345 tokens, inside the answer'
    ],
    [
      'grader_crashed',
      { detail: 'exit {gold}' },
      'grader crashed: exit {gold}'
    ],
    ['grader_crashed', {}, 'grader crashed']
  ])('%s', (code, values, shown) =>
    expect(reasonOf(sample({ reason: { code, values } }))).toBe(shown)
  );

  it('is the record’s sentence where there is no code, or one that is not known', () => {
    for (const reason of [
      null,
      undefined,
      { code: 'of_a_later_version' },
      { code: 'constructor' },
      'right'
    ]) {
      expect(reasonOf(sample({ reason }))).toBe('the sentence');
    }
  });

  it('has a value for every name in its sentence, of each code', () => {
    for (const [code, words] of Object.entries(REASONS)) {
      const values = { tokens: 1, seconds: 1 };
      const said = reasonOf(
        sample({ reason: { code, values }, error: 'lost' })
      );
      expect(said).not.toMatch(/[{}]/);
      expect(said).not.toBe('');
      expect(words.brief ?? '').not.toMatch(/[{}]/);
    }
  });
});
