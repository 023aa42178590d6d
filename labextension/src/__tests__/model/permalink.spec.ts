import { describe, expect, it } from 'vitest';

import { fragmentOf, markOf, sampleOf } from '../../model/permalink';

describe('the part of an address that names a sample', () => {
  it.each([
    [{ id: 'math_500/level-5/37', repeat: 0 }],
    [{ id: 'a b/ä&repeat=3#/%2F', repeat: 12 }]
  ])('leads back to it: %j', sample => {
    expect(sampleOf(fragmentOf(sample))).toEqual(sample);
  });

  it('is one whatever the id', () => {
    expect(fragmentOf({ id: 'a\ud800', repeat: 0 })).toBe('#sample=a%3F');
  });

  it.each([
    '',
    '#',
    '#sample=',
    '#other=3',
    '#sample=a&repeat=x',
    '#sample=a&repeat=-1'
  ])('is none where it names none: %s', fragment =>
    expect(sampleOf(fragment)).toBeNull()
  );

  it('may name a mark in the reasoning, one of those that there are', () => {
    expect(markOf('#sample=a&at=loop')).toBe('loop');
    expect(sampleOf('#sample=a&at=loop')).toEqual({ id: 'a', repeat: 0 });
    expect(markOf('#sample=a&at=elsewhere')).toBeNull();
    expect(markOf('#sample=a%26at%3Dloop')).toBeNull();
  });
});
