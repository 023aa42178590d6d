import { describe, expect, it } from 'vitest';

import { readRecord } from '../../record/record';
import { factsOf } from '../../view/board-facts';
import { diffWords, kindOf, turnWord } from '../../view/turns';

function turnOf(fields: object) {
  const record = readRecord({
    schema: 'run.v1',
    samples: [{ turns: [fields] }]
  });
  return record!.samples[0].turns[0];
}

describe('a turn', () => {
  it('is named by its role, its try, and how often it was asked again', () => {
    expect(turnWord(turnOf({ role: 'architect' }))).toBe('architect, try 1');
    expect(turnWord(turnOf({ role: 'editor', try: 2, retry: 3 }))).toBe(
      'editor, try 2, asked again (3)'
    );
    expect(turnWord(turnOf({}))).toBe('model, try 1');
  });

  it('has a role of one line, whatever a record says', () => {
    expect(turnWord(turnOf({ role: 'x\u202e\ny'.repeat(200) }))).toMatch(
      /^[^\n\u202e]{1,100}, try 1$/
    );
  });
});

describe('a diff', () => {
  const diff = '--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n-a\n+b\n+c\n d\n';

  it('is read by its signs, and its names of files are no lines', () => {
    expect(diff.split('\n').map(kindOf)).toEqual([
      '',
      '',
      '',
      'removed',
      'added',
      'added',
      '',
      ''
    ]);
  });

  it('is counted in words', () => {
    expect(diffWords(diff)).toBe('2 lines added, 1 removed');
    expect(diffWords('+x')).toBe('1 line added, 0 removed');
  });
});

describe('the row of a run', () => {
  it('says both tries, both counts of well-formed replies, and what changed nothing', () => {
    const record = readRecord({
      schema: 'run.v1',
      board: [
        {
          model: 'QwQ',
          editor_model: 'Qwen',
          edit_format: 'architect',
          editor_edit_format: 'editor-whole',
          pass_rate_1: 25,
          pass_rate_1_low: 4.6,
          pass_rate_1_high: 69.9,
          pass_rate_2: 50,
          percent_cases_well_formed: 75,
          percent_well_formed_by_aider: 100,
          num_malformed_responses: 1,
          no_edit: 2
        }
      ]
    });
    expect(factsOf(record!.board[0])).toEqual([
      'QwQ + Qwen, format whole',
      'first try 25.0 % (4.6 – 69.9 %)',
      'two tries 50.0 %',
      'well formed 75.0 % (by aider 100.0 %)',
      '1 malformed reply',
      'no edit in 2 exercises'
    ]);
  });
});
