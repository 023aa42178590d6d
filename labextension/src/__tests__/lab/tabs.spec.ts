import { describe, expect, it } from 'vitest';

import { fragmentOf, sampleOf } from '../../lab/tabs';

describe('the part of an address that names a sample', () => {
  it.each([
    [{ id: 'math_500/level-5/37', repeat: 0 }],
    [{ id: 'a b/ä&repeat=3#/%2F', repeat: 12 }]
  ])('leads back to it: %j', sample => {
    expect(sampleOf(fragmentOf(sample))).toEqual(sample);
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
});
