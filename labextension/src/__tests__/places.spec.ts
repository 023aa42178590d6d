import { describe, expect, it } from 'vitest';

import { placesOf } from '../places';
import { ANALYSIS, Analysis } from '../record';

function analysis(values: Partial<Analysis>): Analysis {
  const empty = Object.entries(ANALYSIS).map(([key, kind]) => [
    key,
    kind.read(undefined)
  ]);
  return { ...Object.fromEntries(empty), ...values } as Analysis;
}

describe('places', () => {
  it('are where the offsets say, counted in characters as Python counts', () => {
    const text = '😀 so 12 is it';
    const [place] = placesOf(analysis({ first_correct: [5, 7] }), text, null);
    expect(text.slice(place.start, place.end)).toBe('12');
  });

  it('are found on both sides of a gap, and not within it', () => {
    const clip = { text: 'beginend 7', omitted: 100, at: 5 };
    const shown = 'begin\n\n[… left out …]\n\nend 7';
    const whole = analysis({ first_correct: [109, 110], left: [50, 60] });
    const places = placesOf(whole, shown, clip);
    expect(places.map(p => shown.slice(p.start, p.end))).toEqual(['7']);
  });

  it('are none where there is no analysis, or it makes no sense', () => {
    expect(placesOf(null, 'text', null)).toEqual([]);
    const odd = analysis({ first_correct: [], foreign: [[9, 2]] });
    expect(placesOf(odd, 'text', null)).toEqual([]);
  });
});
