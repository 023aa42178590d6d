import { describe, expect, it } from 'vitest';

import { DEFAULTS, readSettings } from '../../lab/settings';

describe('settings', () => {
  it('that are missing or of another kind are the defaults', () => {
    expect(readSettings({})).toEqual(DEFAULTS);
    expect(
      readSettings({ density: 'x', wrap: 'no', refreshSeconds: NaN })
    ).toEqual(DEFAULTS);
    expect(
      readSettings({ density: 'compact', wrap: false, refreshSeconds: 0 })
    ).toEqual({
      ...DEFAULTS,
      density: 'compact',
      wrap: false,
      refreshSeconds: 1
    });
  });
});
