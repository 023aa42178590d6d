import { describe, expect, it } from 'vitest';

import { RunModel } from '../../model/model';
import { IProblem } from '../../model/problems';
import { readRecord, RunRecord } from '../../record/record';
import { problemWords } from '../../view/problem';

const OUTCOMES: Record<string, string> = {
  c: 'correct',
  w: 'wrong',
  t: 'truncated',
  e: 'error',
  '.': 'pending'
};

/** A run of problems, each with its answers as letters. */
function run(problems: Record<string, string>, changes = {}): RunRecord {
  const samples = Object.entries(problems).flatMap(([name, letters]) =>
    [...letters].map((letter, repeat) => ({
      benchmark: 'aime24',
      subset: 'default',
      id: `aime24/${name}`,
      repeat,
      outcome: OUTCOMES[letter],
      gold: '204',
      extracted: letter === 'w' ? String(60 + (repeat % 2)) : '204',
      reasoning_tokens: 100 * (repeat + 1),
      latency_s: repeat || null
    }))
  );
  return readRecord({ run_id: '1', samples, ...changes })!;
}

function modelOf(record: RunRecord): RunModel {
  const model = new RunModel();
  model.update(record);
  return model;
}

const names = (problems: IProblem[] | null): string[] | undefined =>
  problems?.map(({ answers }) => answers[0].row.id.slice('aime24/'.length));

describe('problems with repeats', () => {
  const record = run({ 0: 'cccc', 1: 'wcwt', 2: 'wwww', 10: 'ccwe' });

  it('are lines, those answered correctly least often first', () => {
    const { problems, problemsTotal, entries, total } =
      modelOf(record).selector.select();
    expect(names(problems)).toEqual(['2', '1', '10', '0']);
    expect([problemsTotal, entries.length, total]).toEqual([4, 16, 16]);
    expect(problems![1].answers.map(({ row }) => row.repeat)).toEqual([
      0, 1, 2, 3
    ]);
    // What a click on the line shows is a failure.
    expect(problems![1].fits[0].row.outcome).toBe('wrong');
  });

  it('have all their answers, whatever the filter leaves of them', () => {
    const model = modelOf(record);
    model.selector.filter.standing.add('truncated');
    const { problems } = model.selector.select();
    expect(names(problems)).toEqual(['1']);
    expect(problems![0].answers).toHaveLength(4);
    expect(problems![0].fits.map(({ row }) => row.repeat)).toEqual([3]);
  });

  it('are in the order of the data, of tokens, of time', () => {
    const { selector } = modelOf(run({ 0: 'c', 2: 'cc', 10: 'ccc' }));
    const order = (sort: string, descending: boolean): string[] | undefined => {
      Object.assign(selector.filter, { sort, descending });
      return names(selector.select().problems);
    };
    expect(order('order', false)).toEqual(['0', '2', '10']);
    expect(order('order', true)).toEqual(['10', '2', '0']);
    expect(order('tokens', true)).toEqual(['10', '2', '0']);
    // The answers without a time are left out of their mean.
    expect(order('time', true)).toEqual(['10', '2', '0']);
  });

  it('are answers where that is asked for, and where none has two', () => {
    const model = modelOf(record);
    model.selector.filter.byProblem = false;
    expect(model.selector.select().problems).toBeNull();
    expect(model.selector.select().problemsTotal).toBe(4);
    const once = modelOf(run({ 0: 'c', 1: 'w' })).selector.select();
    expect([once.problems, once.problemsTotal]).toEqual([null, null]);
  });

  it('come last where nothing is known yet, not where all failed', () => {
    const running = run(
      { 0: '..', 1: 'cc', 2: 'ee' },
      { in_flight: [{ benchmark: 'aime24', id: 'aime24/0', repeat: 1 }] }
    );
    const { problems } = modelOf(running).selector.select();
    expect(names(problems)).toEqual(['2', '1', '0']);
    expect(problemWords(problems![2])).toMatchObject({
      outcome: 'pending',
      share: '',
      title: '0 of 0 correct, 1 pending, 1 running'
    });
  });

  it('of 64 answers each are arranged within an update', () => {
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [i, 'cwct'.repeat(16)])
    );
    const { selector } = modelOf(run(many));
    const times = Array.from({ length: 10 }, () => {
      const started = performance.now();
      expect(selector.select().problems).toHaveLength(30);
      return performance.now() - started;
    });
    // Measured while other tests run beside it: the least says what it takes.
    expect(Math.min(...times)).toBeLessThan(50);
  });
});

describe('a problem in words', () => {
  it.each([
    ['cccc', 'correct', '✓', '4 of 4 correct', '204'],
    ['wcwt', 'mixed', '◐', '1 of 4 correct', '60 ×2 ≠ 204'],
    ['wwtw', 'wrong', '✗', '0 of 4 correct', '61 ×2, 60 ≠ 204'],
    ['cce', 'correct', '✓', '2 of 2 correct', '204'],
    ['tte', 'truncated', '⊣', '0 of 2 correct', '204'],
    ['ee', 'error', '!', '', '204']
  ])('%s', (letters, outcome, sign, share, values) => {
    const { problems } = modelOf(run({ 0: letters })).selector.select();
    const words = problemWords(problems![0]);
    expect(words).toMatchObject({ outcome, sign, share, values });
  });

  it('names every outcome', () => {
    const { problems } = modelOf(run({ 0: 'wcwte' })).selector.select();
    expect(problemWords(problems![0]).title).toBe(
      '1 of 4 correct, 2 wrong, 1 truncated, 1 error'
    );
  });
});
