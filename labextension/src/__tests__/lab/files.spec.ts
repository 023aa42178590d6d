import { describe, expect, it } from 'vitest';

import { folderOf, join, runsFolder } from '../../lab/files';

describe('paths', () => {
  it.each([
    ['', 'qwq_runs'],
    ['a/b', 'a/b/qwq_runs'],
    ['RTC:', 'RTC:qwq_runs'],
    ['RTC:a', 'RTC:a/qwq_runs'],
    ['a/qwq_runs', 'a/qwq_runs'],
    ['a/qwq_runs/one/reviews', 'a/qwq_runs']
  ])('the runs of %j are in %j', (folder, runs) => {
    expect(runsFolder(folder)).toBe(runs);
  });

  it('are cut and joined, with a drive or without', () => {
    expect(folderOf('here.ipynb')).toBe('');
    expect(folderOf('RTC:a/here.ipynb')).toBe('RTC:a');
    expect(folderOf('RTC:here.ipynb')).toBe('RTC:');
    expect(join('', 'x')).toBe('x');
    expect(join('RTC:', 'x')).toBe('RTC:x');
    expect(join('a/b', 'x')).toBe('a/b/x');
  });
});
