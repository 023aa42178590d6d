import { describe, expect, it } from 'vitest';

import {
  annotationsOf,
  statementsOf,
  switchesOf
} from '../../model/annotations';
import { ANALYSIS, Analysis, Track, TRACK } from '../../record/record';
import { visible } from '../../text/clean';

function analysis(values: Partial<Analysis>): Analysis {
  const empty = Object.entries(ANALYSIS).map(([key, kind]) => [
    key,
    kind.read(undefined)
  ]);
  return { ...Object.fromEntries(empty), ...values } as Analysis;
}

describe('annotations', () => {
  it('are where the offsets say, counted in characters as Python counts', () => {
    const text = '😀 so 12 is it';
    const [place] = annotationsOf(
      analysis({ first_correct: [5, 7] }),
      text,
      null
    );
    expect(text.slice(place.start, place.end)).toBe('12');
    expect(place.title).toMatch(/stated here first \(.* reader .* 9 of 10/);
  });

  it('are found on both sides of a gap, and not within it', () => {
    const clip = { text: 'beginend 7', omitted: 100, at: 5 };
    const shown = 'begin\n\n[… left out …]\n\nend 7';
    const whole = analysis({ first_correct: [109, 110], left: [50, 60] });
    const found = annotationsOf(whole, shown, clip);
    expect(found.map(p => shown.slice(p.start, p.end))).toEqual(['7']);
  });

  it('are none where there is no analysis, or it makes no sense', () => {
    expect(annotationsOf(null, 'text', null)).toEqual([]);
    const odd = analysis({ first_correct: [], foreign: [[9, 2]] });
    expect(annotationsOf(odd, 'text', null)).toEqual([]);
  });
});

describe('annotations from anybody', () => {
  it('go through a long text once, in whatever order they are', () => {
    const text = '\u200b'.repeat(1_000_000); // a character that visible() writes as six
    const foreign = Array.from({ length: 1_000 }, (_, i) =>
      i % 2 ? [i, i + 1] : [999_000 - i, 999_001 - i]
    );
    const marks = Array.from({ length: 5_000 }, (_, i) => {
      return { name: 'x', start: 500_000 - i, end: 900_000 + i };
    });
    const started = performance.now();
    const measures = { x: { marks } } as Analysis['measures'];
    const found = annotationsOf(analysis({ foreign, measures }), text, null);
    // Gone through once for each of them it is minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(found).toHaveLength(2_000);
    expect(found[0]).toMatchObject({ start: 6, end: 12 });
  });
});

describe('the marks of further measures', () => {
  it('are where they say, under their own names', () => {
    const measures = {
      hedging: {
        marks: [
          { name: 'hedging_loop', start: 3, end: 8, says: '9 times' },
          { name: 'of_the_whole', says: 'nowhere' }
        ]
      }
    };
    const [mark, ...others] = annotationsOf(
      analysis({ measures }),
      'so maybe',
      null
    );
    expect(others).toEqual([]);
    expect(mark).toMatchObject({ start: 3, end: 8, kind: 'further' });
    expect(mark.title).toBe('hedging loop: 9 times');
  });

  it.each([
    null,
    7,
    { marks: 7 },
    { marks: [null, 'x', { start: 'a', end: 2 }, { start: 5, end: 1 }] },
    { marks: [{ name: {}, start: -4, end: 1e9 }] }
  ])('of a strange record do no harm: %j', hedging => {
    const measures = { hedging } as Analysis['measures'];
    expect(() =>
      annotationsOf(analysis({ measures }), 'so maybe', null)
    ).not.toThrow();
  });
});

describe('switches of thoughts', () => {
  it('are where the record says, counted in characters as Python counts', () => {
    const text = '😀😀 first. 🧮 Wait, second. 等等，third.';
    const characters = [...text];
    const at = (word: string): number =>
      characters.findIndex((_, i) =>
        characters.slice(i).join('').startsWith(word)
      );
    const switches = [at('Wait'), at('等等')];
    const found = switchesOf(analysis({ thoughts: 3, switches }), text, null)!;
    expect(found).toEqual([text.indexOf('Wait'), text.indexOf('等等')]);
    expect(found).not.toEqual(switches);
  });

  it('count characters that are spelt out as they are shown', () => {
    const text = 'a\u200bb\u202e. Wait.';
    const [at] = switchesOf(
      analysis({ thoughts: 2, switches: [6] }),
      text,
      null
    )!;
    expect(visible(text).slice(at)).toBe('Wait.');
  });

  it('are found on both sides of a gap, and not within it', () => {
    // 😀 is one character to Python: the head has 8, the whole 8 + 100 + 12.
    const clip = { text: '😀 Wait. Hmm, the end', omitted: 100, at: 8 };
    const shown = '😀 Wait. \n\n[… left out …]\n\nHmm, the end';
    const whole = analysis({ thoughts: 5, switches: [2, 8, 60, 108] });
    const found = switchesOf(whole, shown, clip)!;
    expect(found.map(at => shown.slice(at, at + 3))).toEqual(['Wai', 'Hmm']);
    const carried = analysis({ thoughts: 5, switches: [2, 108] });
    expect(switchesOf(carried, shown, clip)).toEqual(found);
  });

  it('are not known where the record holds but a part of them, or none', () => {
    const clip = { text: 'begin end', omitted: 100, at: 6 };
    const part = analysis({ thoughts: 9, switches: [2] });
    expect(switchesOf(part, 'the whole text', null)).toBeNull();
    const old = analysis({ thoughts: 9 });
    expect(switchesOf(old, 'the whole text', null)).toBeNull();
    expect(switchesOf(old, 'begin … end', clip)).toBeNull();
    expect(switchesOf(null, 'text', null)).toBeNull();
    expect(switchesOf(analysis({}), 'text', null)).toBeNull();
  });

  it('are none of a text that is one thought', () => {
    expect(switchesOf(analysis({ thoughts: 1 }), 'One.', null)).toEqual([]);
  });

  it('take no longer for a long text of emoji with many of them', () => {
    const text = '😀. Wait, '.repeat(100_000);
    const switches = Array.from({ length: 100_000 }, (_, i) => 9 * i + 3);
    const started = performance.now();
    const found = switchesOf(
      analysis({ thoughts: switches.length + 1, switches }),
      text,
      null
    )!;
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(text.slice(found[99_999])).toBe('Wait, ');
  });
});

function track(values: Partial<Track>): Track {
  const empty = Object.entries(TRACK).map(([key, kind]) => [
    key,
    kind.read(undefined)
  ]);
  return { ...Object.fromEntries(empty), ...values } as Track;
}

describe('statements of an answer', () => {
  const text = '😀 so 204, no 60. It is 60.';
  const drawn = track({
    values: ['204', '60'],
    right: [0],
    given: 1,
    places: '5+3:0 13+2:1 23+2:1'
  });

  it('are where the places say, counted in characters as Python counts', () => {
    const found = statementsOf(drawn, text, null, true);
    expect(
      found.map(({ kind, value, range }) => [
        kind,
        value,
        text.slice(range!.start, range!.end)
      ])
    ).toEqual([
      ['right', '204', '204'],
      ['given', '60', '60'],
      ['again', '60', '60']
    ]);
  });

  it('are none of a wrong answer where the answer is not wrong', () => {
    const kinds = statementsOf(drawn, text, null, false).map(
      ({ kind }) => kind
    );
    expect(kinds).toEqual(['right', 'stated', 'stated']);
  });

  it('have no place in the part that is left out, but one on the way', () => {
    const clip = { text: 'begin 204 60 end', omitted: 1_000, at: 9 };
    const shown = 'begin 204\n\n[… left out …]\n\n 60 end';
    const places = '6+3:0 500+2:1 1010+2:1';
    const found = statementsOf(
      track({ values: ['204', '60'], given: 1, places }),
      shown,
      clip,
      true
    );
    expect(found.map(({ range }) => range && shown.slice(range.start))).toEqual(
      ['204\n\n[… left out …]\n\n 60 end', null, '60 end']
    );
    expect(found[1].at).toBe(9);
    expect(found.map(({ kind }) => kind)).toEqual(['stated', 'given', 'again']);
  });

  it('are none where the track makes no sense', () => {
    expect(statementsOf(null, text, null, true)).toEqual([]);
    const odd = 'x 1+2 -1+2:0 1+2:9 1+2:constructor 99999999999+1:0';
    expect(
      statementsOf(track({ values: ['1'], places: odd }), text, null, true)
    ).toEqual([]);
    const beyond = track({ values: ['1'], places: '900+5:0', given: 7 });
    expect(statementsOf(beyond, text, null, true)).toMatchObject([
      { range: null, kind: 'stated' }
    ]);
  });
});
