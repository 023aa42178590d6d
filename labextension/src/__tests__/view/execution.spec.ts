import { describe, expect, it } from 'vitest';

import { readRecord } from '../../record/record';
import { marked, testsOf, testsWord } from '../../view/execution';

function executionOf(fields: object) {
  const record = readRecord({
    schema: 'run.v1',
    samples: [{ execution: fields }]
  });
  return record!.samples[0].execution!;
}

describe('tests as squares', () => {
  it('are filled, hollow or not run', () => {
    const execution = executionOf({
      status: 'failed',
      passed: 2,
      total: 4,
      marks: '..x-'
    });
    expect(testsOf(execution)).toBe('2 of 4 tests ■■□·');
  });

  it('say how many more there are', () => {
    const execution = executionOf({
      status: 'passed',
      passed: 1000,
      total: 1000,
      marks: '.'.repeat(300)
    });
    expect(testsOf(execution)).toMatch(/■ and 800 more$/);
  });

  it('have words where nothing was run', () => {
    expect(testsOf(executionOf({ status: 'not_run' }))).toBe('not run');
    expect(testsOf(executionOf({ fault: 'no code' }))).toBe('no code');
  });
});

describe('the row of a sample', () => {
  it('says how the first failed test ended, where it gave no result', () => {
    const tests = { status: 'timeout', passed: 2, total: 4, marks: '..x-' };
    const first = { number: 3, status: 'timeout' };
    const late = executionOf({ ...tests, first_failed: first });
    expect(testsWord(late)).toBe('2 of 4 tests, test 3 ran out of time');
    const wrong = executionOf({
      ...tests,
      first_failed: { ...first, status: 'failed' }
    });
    expect(testsWord(wrong)).toBe('2 of 4 tests');
  });
});

describe('the line that differs', () => {
  it('has a sign, where there are several', () => {
    expect(marked('1\n2\n3\n', 1)).toBe('  1\n▶ 2\n  3');
    expect(marked('1\n', 0)).toBe('1\n');
    expect(marked('1\n2', null)).toBe('1\n2');
  });
});
