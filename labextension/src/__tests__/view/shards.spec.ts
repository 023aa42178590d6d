import { describe, expect, it } from 'vitest';

import { readRecord, ShardProgress } from '../../record/record';
import {
  drawnShards,
  MOST_SHARDS,
  shardCells,
  summary
} from '../../view/shards';

const RUNNING = {
  number: 0,
  total: 60,
  done: 15,
  state: 'running',
  worker: 'node1:17',
  in_flight: 4,
  tokens_per_s: 855
};

function read(...shards: object[]): ShardProgress[] {
  return readRecord({ progress: { shards } })!.progress.shards;
}

describe('the shards of a run', () => {
  it('are a row each: how far, which worker, what moved', () => {
    const waiting = { number: 1, total: 60, done: 0, state: 'waiting' };
    const shards = read({ ...RUNNING, moved: 1 }, waiting);
    expect(summary(shards)).toBe('2 shards: 0 done, 1 worker at work');
    expect(shards.map(shardCells)).toEqual([
      [
        '0',
        '15 of 60',
        'running',
        '4',
        '855',
        'node1:17 (taken up again once)'
      ],
      ['1', '0 of 60', 'waiting', '0', '0', '–']
    ]);
  });

  it('are short, whatever a worker is called', () => {
    const [shard] = read({ ...RUNNING, worker: '<img>\u202e'.repeat(500) });
    expect(shardCells(shard)[5].length).toBeLessThan(100);
    expect(shardCells(shard)[5]).not.toContain('\u202e');
  });

  it('of many are those at work, in order', () => {
    const shards = read(
      ...Array.from({ length: 500 }, (_, n) => ({
        ...RUNNING,
        number: n,
        state: n < 490 ? 'done' : 'running'
      }))
    );
    const drawn = drawnShards(shards);
    expect(drawn.length).toBe(MOST_SHARDS);
    expect(drawn.slice(-10).map(shard => shard.number)).toEqual(
      Array.from({ length: 10 }, (_, n) => 490 + n)
    );
    expect(summary(shards)).toBe('500 shards: 490 done, 1 worker at work');
  });
});
