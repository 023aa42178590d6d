import { describe, expect, it } from 'vitest';

import { restore, written } from '../../model/memory';
import { RunModel } from '../../model/model';

describe('how a run was looked at', () => {
  it('is the same when it is read back', () => {
    const { filter } = new RunModel().selector;
    filter.standing.add('wrong');
    filter.subset.add('math_500\0Level 5');
    Object.assign(filter, {
      query: '4\\sqrt{29}',
      regex: true,
      scope: 'answer'
    });
    Object.assign(filter, {
      sort: 'tokens',
      descending: true,
      byProblem: false
    });
    const text = JSON.stringify(written({ sample: '0 a/1', filter }));
    const other = new RunModel().selector.filter;
    other.flag.add('overthinking');
    expect(restore(JSON.parse(text), other)).toBe('0 a/1');
    expect(other).toEqual(filter);
  });

  it.each([
    null,
    3,
    'x',
    [],
    {
      query: {},
      scope: 'toString',
      sort: 'constructor',
      standing: 'wrong',
      subset: [1, {}]
    }
  ])('is as if nobody had looked where %j was written', stored => {
    const { filter } = new RunModel().selector;
    filter.query = 'x';
    expect(restore(stored, filter)).toBe('');
    expect(filter).toEqual(new RunModel().selector.filter);
  });
});
