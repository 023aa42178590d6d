import { describe, expect, it } from 'vitest';

import { readRecord } from '../../record/record';
import { progressLine, stateWord } from '../../view/header';

function record(changes: object) {
  return readRecord({ run_dir: 'qwq_runs/mine', ...changes })!;
}

describe('the line of progress', () => {
  const left = (eta_s: number | null, state = 'running'): string =>
    progressLine(record({ state, progress: { total: 4, eta_s } }));

  it('claims no more of the time left than an estimate can know', () => {
    expect(left(34.1)).toContain('· about 35 s left');
    expect(left(null)).not.toContain('left');
  });

  it('says nothing of it while the run is paused', () => {
    expect(left(34.1, 'paused')).not.toContain('left');
  });

  it('leaves the line to resume with to the strip above', () => {
    expect(progressLine(record({ state: 'stopped' }))).not.toContain('resume');
  });
});

describe('the word for the state', () => {
  it('tells a pause from the endpoint’s absence', () => {
    const state = 'paused';
    expect(stateWord(record({ state }))).toBe('paused');
    expect(stateWord(record({ state, progress: { waiting: 'gone' } }))).toBe(
      'waiting for the endpoint'
    );
  });

  it('tells a stop from a kernel that went away', () => {
    const state = 'stopped';
    expect(stateWord(record({ state }))).toBe('stopped');
    expect(stateWord(record({ state, interrupted: true }))).toBe('interrupted');
  });
});
