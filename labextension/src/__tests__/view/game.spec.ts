import { describe, expect, it } from 'vitest';

import { readRecord } from '../../record/record';
import { testsWord } from '../../view/execution';
import { checkSign, checkWords, excerptOf } from '../../view/game';

function gameOf(fields: object) {
  const execution = { game: { state: 'ran', ...fields } };
  const record = readRecord({ schema: 'run.v1', samples: [{ execution }] });
  return record!.samples[0].execution!.game!;
}

describe('a fact on a game', () => {
  it('is true, false or not decidable, whatever stands there', () => {
    const { checks } = gameOf({
      checks: { starts: true, runs: false, draws: null, restarts: 'yes' }
    });
    expect(Object.values(checks).map(checkSign).join('')).toBe('✓✗?✗');
  });

  it('has words, with the key that it is about', () => {
    expect(checkWords('reacts_to_w')).toBe('reacts to W');
    expect(checkWords('ends_on_quit')).toBe('ends on QUIT');
    expect(checkWords('shows_score')).toBe('shows a score');
  });
});

describe('a game', () => {
  it('has its state in words in the list, and no tests', () => {
    const record = readRecord({
      schema: 'run.v1',
      samples: [{ execution: { game: { state: 'no_reaction' } } }]
    });
    expect(testsWord(record!.samples[0].execution!)).toBe(
      'no reaction to its keys'
    );
  });

  it('whose state is not known is not decidable', () => {
    expect(gameOf({ state: 'splendid' }).state).toBe('undecided');
  });
});

describe('the line of an exception', () => {
  const code = { text: 'a\nb\nc\nd\ne\nf\ng\nh', omitted: 0, at: 0 };
  const error = { policy: 'w', what: 'E', traceback: '' };

  it('stands among those around it', () => {
    const shown = excerptOf({ ...error, line: 2, source: 'b' }, code);
    expect(shown.split('\n')).toEqual([
      '     1  a',
      '▶    2  b',
      '     3  c',
      '     4  d',
      '     5  e'
    ]);
  });

  it('stands by itself where the program is another one, or cut', () => {
    const other = { ...error, line: 2, source: 'x = 1' };
    expect(excerptOf(other, code)).toBe('▶ 2  x = 1');
    expect(excerptOf({ ...error, line: null, source: '' }, code)).toBe('');
  });
});
