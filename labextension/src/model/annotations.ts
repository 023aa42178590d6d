/** Where in a shown reasoning that stands which the record's analysis names by offsets of the whole reasoning. */
import { Analysis, Clip, Track } from '../record/record';
import { asObject, asText, clipped } from '../record/values';
import { ANSWER_PLACE, flagWord } from '../record/vocabulary';
import { pythonIndex, visible } from '../text/clean';
import { StatementKind } from '../text/prose';
import { IRange } from '../text/range';

/** What the analysis marks in a reasoning; an address may name one of them (`qwq_nb/view/sample_link.py`). */
export const ANNOTATIONS = [
  'mention',
  'left',
  'loop',
  'foreign',
  'further'
] as const;

export interface IAnnotation extends IRange {
  kind: (typeof ANNOTATIONS)[number];
  title: string;
}

/** The most characters of a loop or a foreign run that are marked: the mark says where, the text says the rest. */
const LONGEST = 400;
/** Marks of one measure that are drawn, and characters of what is said of a mark. */
const MOST_MARKS = 1_000;
const LONGEST_TITLE = 300;
/** Characters of a value that is stated. */
const LONGEST_VALUE = 60;

/**
 * A reasoning as it is shown: unseen characters spelt out, and where `clip` says so, a line in place of its middle.
 *
 * The record's offsets count characters as Python does; those asked for in ascending order are found in one pass.
 */
class ShownText {
  constructor(text: string, clip: Clip | null) {
    this._text = text;
    if (clip !== null && clip.omitted > 0) {
      this._gap = { from: clip.at, to: clip.at + clip.omitted };
      const head = pythonIndex(clip.text, clip.at);
      this._tail = text.length - (clip.text.length - head);
    }
  }

  /** Whether the character at `offset` is in the text at all. */
  holds(offset: number): boolean {
    return (
      this._gap === null || offset < this._gap.from || offset >= this._gap.to
    );
  }

  /** The index in the visible text of the character at `offset`, or of the end before it; null within the gap. */
  indexOf(offset: number): number | null {
    const gap = this._gap;
    if (gap === null || offset <= gap.from) {
      return this._shown(0, 0, offset);
    }
    return offset < gap.to ? null : this._shown(this._tail, gap.to, offset);
  }

  /** Counted on from the index that was asked for before, where that is no detour. `origin` is at `base`. */
  private _shown(base: number, origin: number, offset: number): number {
    if (base > this._at.index || offset < this._at.offset) {
      const shown = visible(this._text.slice(0, base)).length;
      this._at = { offset: origin, index: base, shown };
    }
    const { index, shown } = this._at;
    const window = this._text.slice(
      index,
      index + 2 * (offset - this._at.offset)
    );
    const step = pythonIndex(window, offset - this._at.offset);
    this._at = {
      offset,
      index: index + step,
      shown: shown + visible(window.slice(0, step)).length
    };
    return this._at.shown;
  }

  private _text: string;
  private _gap: { from: number; to: number } | null = null;
  /** Where the text after the gap begins. */
  private _tail = 0;
  /** An offset of the whole reasoning, its index in the text, and its index in the visible text. */
  private _at = { offset: 0, index: 0, shown: 0 };
}

/**
 * The analysis' places within `text`, in order. `clip` is the reasoning where its middle is left out of the shown text:
 * what stands in the gap has no place.
 */
export function annotationsOf(
  analysis: Analysis | null,
  text: string,
  clip: Clip | null
): IAnnotation[] {
  if (analysis === null) {
    return [];
  }
  const found: { span: number[]; kind: IAnnotation['kind']; title: string }[] =
    [];
  const add = (
    span: number[],
    kind: IAnnotation['kind'],
    title: string
  ): void => {
    if (span.length === 2 && span[0] < span[1]) {
      found.push({ span, kind, title: clipped(title, LONGEST_TITLE) });
    }
  };
  if (analysis.first_correct) {
    add(analysis.first_correct, 'mention', ANSWER_PLACE.first);
  }
  if (analysis.left) {
    add(analysis.left, 'left', ANSWER_PLACE.left);
  }
  if (analysis.loop) {
    const { start, end, repeats } = analysis.loop;
    add([start, end], 'loop', `a loop begins: said ${repeats} times`);
  }
  const names = clipped(analysis.languages.join(', '), LONGEST_TITLE);
  for (const run of analysis.foreign) {
    add(run, 'foreign', `another script than the question’s: ${names}`);
  }
  for (const { span, title } of furtherMarks(analysis)) {
    add(span, 'further', title);
  }
  const indices = indicesOf(
    found.flatMap(({ span }) => span),
    new ShownText(text, clip)
  );
  return found
    .flatMap(({ span, kind, title }) => {
      const [start, end] = span.map(offset => indices.get(offset) ?? null);
      return start !== null && end !== null && end > start
        ? [{ start, end: Math.min(end, start + LONGEST), kind, title }]
        : [];
    })
    .sort((a, b) => a.start - b.start);
}

/** Where each offset stands; asked for in order, so that the text is gone through once however many there are. */
function indicesOf(
  offsets: number[],
  shown: ShownText
): Map<number, number | null> {
  const sorted = [...new Set(offsets)].sort((a, b) => a - b);
  return new Map(sorted.map(offset => [offset, shown.indexOf(offset)]));
}

/** The marks of measures that were registered beside the package's own, as far as they say where they stand. */
function furtherMarks(
  analysis: Analysis
): { span: [number, number]; title: string }[] {
  return Object.values(analysis.measures).flatMap(drawn => {
    const { marks } = asObject(drawn);
    return (Array.isArray(marks) ? marks : [])
      .slice(0, MOST_MARKS)
      .flatMap((value: unknown) => {
        const { name, start, end, says } = asObject(value);
        if (typeof start !== 'number' || typeof end !== 'number') {
          return [];
        }
        const word = flagWord(asText(name));
        const title = asText(says) ? `${word}: ${asText(says)}` : word;
        return [{ span: [start, end] as [number, number], title }];
      });
  });
}

/**
 * Where in the visible text each further thought begins, as the record says; null where it does not say.
 *
 * A record holds all switches (one fewer than thoughts), or those in the part of the reasoning that it holds (`clip`).
 */
export function switchesOf(
  analysis: Analysis | null,
  text: string,
  clip: Clip | null
): number[] | null {
  if (analysis === null || analysis.thoughts === 0) {
    return null;
  }
  const { switches, thoughts } = analysis;
  const isWhole = switches.length === thoughts - 1;
  const isOfClip = switches.length > 0 && clip !== null && clip.omitted > 0;
  if (!isWhole && !isOfClip) {
    return null;
  }
  const shown = new ShownText(text, clip);
  return [...switches]
    .sort((a, b) => a - b)
    .filter(offset => shown.holds(offset))
    .map(offset => shown.indexOf(offset)!);
}

/** A statement of a candidate answer in a reasoning. */
export interface IStatement {
  kind: StatementKind;
  /** What is stated, as plain text shows it. */
  value: string;
  /** Where it stands in the visible text; null where that part of the reasoning is left out. */
  range: IRange | null;
  /** The index of the visible text at which it stands or would stand. */
  at: number;
}

const PLACE = /^(\d{1,9})\+(\d{1,9}):(\d{1,4})$/;

/** The statements of a drawn track within `text`, in order. `wrong`: the value that was given in the end is not right. */
export function statementsOf(
  track: Track | null,
  text: string,
  clip: Clip | null,
  wrong: boolean
): IStatement[] {
  if (track === null) {
    return [];
  }
  const places = track.places.split(' ').flatMap(part => {
    const [, start, length, number] = PLACE.exec(part) ?? [];
    const value = track.values[Number(number)];
    return value === undefined
      ? []
      : [
          {
            start: Number(start),
            length: Number(length),
            number: Number(number)
          }
        ];
  });
  const shown = new ShownText(text, clip);
  const indices = indicesOf(
    places.flatMap(({ start, length }) => [start, start + length]),
    shown
  );
  const right = new Set(track.right);
  let hasBeenGiven = false;
  let gap = 0;
  return places.map(({ start, length, number }) => {
    const from = indices.get(start) ?? null;
    const to = indices.get(start + length) ?? null;
    gap = to ?? gap;
    const isGiven = wrong && number === track.given;
    const kind: StatementKind = isGiven
      ? hasBeenGiven
        ? 'again'
        : 'given'
      : right.has(number)
        ? 'right'
        : 'stated';
    hasBeenGiven ||= isGiven;
    const isThere = from !== null && to !== null && to > from;
    return {
      kind,
      value: clipped(track.values[number], LONGEST_VALUE),
      range: isThere
        ? { start: from, end: Math.min(to, from + LONGEST) }
        : null,
      at: from ?? gap
    };
  });
}
