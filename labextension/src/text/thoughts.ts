/**
 * Reasoning cut into thoughts: a new one begins where the model turns around ("Wait", "Alternatively", 等等).
 *
 * A record says where (`qwq_nb/trace/thoughts.py` found it); by the same phrases is cut what has no record yet.
 */
import { THOUGHT_SWITCHES } from '../record/vocabulary';
import { IRange } from './range';

export interface IThought extends IRange {
  /** The phrase that begins it; the first thought of a text need not have one. */
  phrase: IRange | null;
}

/** What a thought does, by the words that it begins with. */
export type ThoughtKind = 'correction' | 'check' | 'alternative' | 'turn';

const { english, chinese, near } = THOUGHT_SWITCHES;
const KINDS = Object.entries(THOUGHT_SWITCHES.kinds).map(
  ([kind, phrases]) =>
    [kind as ThoughtKind, new RegExp(phrases.join('|'), 'iu')] as const
);
const PHRASE = `(?:(?:${english.join('|')})(?![\\p{L}\\p{N}_-])|(?:${chinese.join('|')}))`;
/** At the beginning of a sentence or a line. */
const SWITCH = new RegExp(
  `(?<=^\\s{0,12}|\\n[ \\t>*-]{0,12}|[.!?…:)\\]] {1,2}|[。！？；…：] ?)${PHRASE}`,
  'giu'
);
/** A phrase that begins at a known place, or the word that stands there. */
const OPENING = new RegExp(`${PHRASE}|[\\p{L}\\p{N}_]{1,30}`, 'iuy');

/** What a thought does; `turn` where its words do not say more. */
export function kindOf(text: string, { start, end }: IRange): ThoughtKind {
  const until = Math.min(end, start + THOUGHT_SWITCHES.kind_within);
  const words = text.slice(start, until);
  return KINDS.find(([, pattern]) => pattern.test(words))?.[0] ?? 'turn';
}

/**
 * The text's thoughts; together they are the whole text.
 *
 * `switches`: where each further thought begins, in order; null: they are found by their phrases.
 */
export function cutThoughts(
  text: string,
  switches: readonly number[] | null = null
): IThought[] {
  const starts = switches === null ? phrasesOf(text) : openings(text, switches);
  const thoughts: IThought[] = [{ start: 0, end: text.length, phrase: null }];
  for (const phrase of starts) {
    const before = thoughts[thoughts.length - 1];
    // One that opens the text turns from nothing.
    if (thoughts.length === 1 && text.slice(0, phrase.start).trim() === '') {
      before.phrase = phrase;
      continue;
    }
    before.end = phrase.start;
    thoughts.push({ start: phrase.start, end: text.length, phrase });
  }
  return thoughts;
}

/** The phrases of a text that open a thought; those near to the one before belong to it ("Hmm, wait. Let me check"). */
function phrasesOf(text: string): IRange[] {
  const found: IRange[] = [];
  let last = -near - 1;
  for (const match of text.matchAll(SWITCH)) {
    const phrase = { start: match.index, end: match.index + match[0].length };
    if (phrase.start - last >= near) {
      found.push(phrase);
      last = phrase.end;
    }
  }
  return found;
}

/** The phrases at the beginning of the text, if there is one, and at the places that are known. */
function openings(text: string, switches: readonly number[]): IRange[] {
  const first = text.length - text.trimStart().length;
  const opening = [...text.slice(0, first + 200).matchAll(SWITCH)].find(
    ({ index }) => index === first
  );
  const known = switches
    .filter(at => at > first && at < text.length)
    .map(start => {
      OPENING.lastIndex = start;
      const length = OPENING.exec(text)?.[0].length ?? 0;
      return { start, end: start + length };
    });
  return opening
    ? [{ start: first, end: first + opening[0].length }, ...known]
    : known;
}
