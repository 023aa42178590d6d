import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

import {
  ANALYSIS,
  BOARD_ROW,
  CHOSEN,
  CLIP,
  DRAWN_ARGUMENT,
  DRAWN_CALL,
  DRAWING,
  EXECUTION,
  FAILED_TEST,
  GAME,
  GAME_ERROR,
  GAME_PLAY,
  GROUP_ROW,
  IKind,
  IN_FLIGHT,
  LOOP,
  MIME_TYPE,
  GAME_CLIP,
  PROGRESS,
  REASON,
  REPEAT_SCORES,
  readRecord,
  RUN_COST,
  RULING_VIEW,
  TRACK,
  RUN_RECORD,
  SAMPLE_VIEW,
  SHARD_PROGRESS,
  SUBSET_ROW,
  TURN_VIEW
} from '../../record/record';

const path = '../../../../qwq_nb/run.v1.schema.json';
const file = fileURLToPath(new URL(path, import.meta.url));
const schema = JSON.parse(readFileSync(file, 'utf-8'));

describe('the record', () => {
  it('has the type that the schema is of', () => {
    expect(schema.title).toBe(MIME_TYPE);
  });

  it.each(
    Object.entries({
      Analysis: ANALYSIS,
      BoardRow: BOARD_ROW,
      Chosen: CHOSEN,
      Clip: CLIP,
      DrawnArgument: DRAWN_ARGUMENT,
      DrawnCall: DRAWN_CALL,
      Drawing: DRAWING,
      Execution: EXECUTION,
      FailedTest: FAILED_TEST,
      Game: GAME,
      GameClip: GAME_CLIP,
      GameError: GAME_ERROR,
      GamePlay: GAME_PLAY,
      GroupRow: GROUP_ROW,
      InFlight: IN_FLIGHT,
      Loop: LOOP,
      Progress: PROGRESS,
      Reason: REASON,
      RepeatScores: REPEAT_SCORES,
      RulingView: RULING_VIEW,
      Track: TRACK,
      RunCost: RUN_COST,
      RunRecord: RUN_RECORD,
      SampleView: SAMPLE_VIEW,
      ShardProgress: SHARD_PROGRESS,
      SubsetRow: SUBSET_ROW,
      TurnView: TURN_VIEW
    }) as [string, Record<string, IKind<unknown>>][]
  )('%s is read as the schema says', (name, kinds) => {
    const { properties, required } = schema.$defs[name];
    expect(
      Object.fromEntries(Object.entries(kinds).map(([k, v]) => [k, v.schema]))
    ).toEqual(properties);
    expect(Object.keys(kinds).filter(key => !kinds[key].optional)).toEqual(
      required
    );
  });

  it('knows every part of the schema', () => {
    expect(Object.keys(schema.$defs).sort()).toEqual([
      'Analysis',
      'BoardRow',
      'Chosen',
      'Clip',
      'Drawing',
      'DrawnArgument',
      'DrawnCall',
      'Execution',
      'FailedTest',
      'Game',
      'GameClip',
      'GameError',
      'GamePlay',
      'GroupRow',
      'InFlight',
      'Loop',
      'Progress',
      'Reason',
      'RepeatScores',
      'RulingView',
      'RunCost',
      'RunRecord',
      'SampleView',
      'ShardProgress',
      'SubsetRow',
      'Track',
      'TurnView'
    ]);
  });

  it('is read from whatever stands there', () => {
    const record = readRecord({
      model: { toString: 'no' },
      table: 'none',
      samples: [
        null,
        3,
        { id: 5, repeat: 'x', flags: [1, {}], outcome: '<b>' }
      ],
      progress: [],
      in_flight: { length: 3 },
      sampling: null,
      __proto__: { demo: true }
    })!;
    expect(record.model).toBe('');
    expect(record.table).toEqual([]);
    expect(record.samples.map(s => s.id)).toEqual(['', '', '5']);
    expect(record.samples[2].flags).toEqual(['1', '']);
    expect(record.samples[2].outcome).toBe('pending');
    expect(record.samples[2].repeat).toBe(0);
    expect(record.progress.total).toBe(0);
    expect(record.in_flight).toEqual([]);
    expect(record.demo).toBe(false);
  });

  it('of an older version has no reason, and no switches', () => {
    const [row] = readRecord({
      samples: [{ id: 'a', outcome: 'wrong', why: 'extracted 7', analysis: {} }]
    })!.samples;
    expect(row.reason).toBeNull();
    expect(row.analysis?.switches).toEqual([]);
  });

  it.each([null, 'text', 3, { schema: 'run.v2' }])('is none in %j', value => {
    expect(readRecord(value)).toBeNull();
  });
});
