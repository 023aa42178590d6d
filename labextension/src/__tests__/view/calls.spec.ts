import { describe, expect, it } from 'vitest';

import { readRecord } from '../../record/record';
import { rowsOf, titleOf } from '../../view/calls';

function callsOf(calls: unknown) {
  const record = readRecord({ schema: 'run.v1', samples: [{ calls }] });
  return record!.samples[0].calls;
}

const CALLS = callsOf([
  {
    name: 'weather',
    arguments: [
      { name: 'city', value: '"Rome"', expected: '"Oslo"', problem: 'no' }
    ]
  },
  { name: 'now' },
  { name: 'broken', text: '{"a":', problem: 'it is no JSON' },
  { name: 'time', is_missing: true, arguments: [{ name: 'zone' }] }
]);

describe('tool calls', () => {
  it('have a line each that says whether they are right', () => {
    expect(CALLS.map(titleOf)).toEqual([
      '✗ weather',
      '✓ now',
      '✗ broken',
      '✗ time: expected, and not made'
    ]);
  });

  it('have their arguments with what is expected and what is wrong beside', () => {
    const said = CALLS.flatMap(rowsOf).map(row =>
      [row.name, row.value, row.expected, row.problem].join(' | ')
    );
    expect(said).toEqual([
      'city | "Rome" | "Oslo" | no',
      'as written | {"a": |  | it is no JSON',
      'zone |  |  | '
    ]);
  });

  it('of no known shape are none', () => {
    expect(callsOf('x')).toEqual([]);
    expect(callsOf([7])[0].name).toBe('');
  });
});
