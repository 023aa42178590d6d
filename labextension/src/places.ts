/** Where in a shown reasoning the places stand that the record's analysis names by offsets of the whole reasoning. */
import { pythonIndex, visible } from './clean';
import { Analysis, Clip } from './record';
import { IRange } from './thoughts';

export interface IPlace extends IRange {
  kind: 'mention' | 'left' | 'loop' | 'foreign';
  title: string;
}

/** The most characters of a loop or a foreign run that are marked: the mark says where, the text says the rest. */
const LONGEST = 400;

/**
 * The analysis' places within `shown`, in order. `clip` is the reasoning where its middle is left out of the shown text:
 * what stands in the gap has no place.
 */
export function placesOf(
  analysis: Analysis | null,
  text: string,
  clip: Clip | null
): IPlace[] {
  if (analysis === null) {
    return [];
  }
  const missing = clip?.omitted ?? 0;
  const gap = missing && clip ? pythonIndex(clip.text, clip.at) : 0;
  const after = missing && clip ? text.length - (clip.text.length - gap) : 0;
  const at = (offset: number): number | null => {
    if (!missing || !clip || offset <= clip.at) {
      return pythonIndex(text, offset);
    }
    const rest = offset - clip.at - missing;
    return rest < 0 ? null : after + pythonIndex(text.slice(after), rest);
  };
  const found: IPlace[] = [];
  const add = (span: number[], kind: IPlace['kind'], title: string): void => {
    const [from, to] = span.length === 2 ? span.map(at) : [null, null];
    if (from === null || to === null || to <= from) {
      return;
    }
    const start = visible(text.slice(0, from)).length;
    const end = start + visible(text.slice(from, to)).length;
    found.push({ start, end: Math.min(end, start + LONGEST), kind, title });
  };
  if (analysis.first_correct) {
    const title = 'the right answer is stated here first';
    add(analysis.first_correct, 'mention', title);
  }
  if (analysis.left) {
    add(analysis.left, 'left', 'the right answer, left for another later');
  }
  if (analysis.loop) {
    const { start, end, repeats } = analysis.loop;
    add([start, end], 'loop', `a loop begins: said ${repeats} times`);
  }
  for (const run of analysis.foreign) {
    const names = analysis.languages.join(', ');
    add(run, 'foreign', `another script than the question’s: ${names}`);
  }
  return found.sort((a, b) => a.start - b.start);
}
