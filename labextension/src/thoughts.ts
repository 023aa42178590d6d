/**
 * Reasoning cut into thoughts: a new one begins where the model turns around ("Wait", "Alternatively", 等等).
 */

export interface IRange {
  start: number;
  end: number;
}

export interface IThought extends IRange {
  /** The phrase that begins it; the first thought of a text has none. */
  phrase: IRange | null;
}

// At the beginning of a sentence or a line. Longer ones first: the first that fits is the one that is marked. They are
// those of `qwq_nb/analysis/thoughts.py`, word for word (tests/trace/test_thoughts.py compares them).
const ENGLISH = [
  'but (?:wait|hold on|hmm|let me|maybe|what if)',
  '(?:so|okay|ok|well|oh|ah|no|yes|yeah|and)[,.]? (?:but )?wait',
  'wait(?:,? (?:a (?:second|minute|moment)|but|no|actually|maybe))?',
  'hold on',
  'hang on',
  'hmm+(?:,? (?:wait|but|maybe))?',
  'alternatively',
  'actually',
  'on second thought',
  'let me (?:double[- ]?check|re-?check|check|verify|confirm|re-?think|reconsider|re-?examine|re-?read|think again|try (?:again|another|a different|something else)|start over|step back|go back)',
  "let(?:’|')s (?:double[- ]?check|re-?check|check|verify|try (?:another|a different)|step back|go back)",
  "(?:(?:[a-z]+(?:(?:’|')[a-z]+)?,? ){0,6}another|a different|one more) (?:approach|way|method|angle|idea|possibility|thought)",
  "maybe (?:I|we|there(?:’|')s|another)",
  'what if',
  'is there (?:another|a(?:ny)? (?:other|better))',
  'I (?:made|must have made) (?:a|an) (?:mistake|error)',
  "that(?:’|')s (?:not right|wrong)",
  "that can(?:’|')t be right"
];

const CHINESE = [
  '(?:但|但是|可|可是|哦|啊|嗯|不)?[，,]?等等',
  '等一下',
  '稍等',
  '不对',
  '不过',
  '但是等',
  '另外一种',
  '另一种',
  '另一个(?:方法|思路|角度)',
  '或者',
  '或许',
  '换(?:一)?(?:个|种)(?:角度|思路|方法|方式|想法)',
  '再(?:想想|想一想|检查|验证|试)',
  '重新(?:想|考虑|检查|计算|审视|来)',
  '让我(?:再|重新|检查|验证|确认)',
  '我(?:再|重新)(?:想|检查|验证|确认)',
  '检查一下',
  '验证一下',
  '其实',
  '嗯'
];

const SWITCH = new RegExp(
  `(?<=^\\s{0,12}|\\n[ \\t>*-]{0,12}|[.!?…:)\\]] {1,2}|[。！？；…：] ?)(?:(?:${ENGLISH.join('|')})(?![\\p{L}\\p{N}_-])|(?:${CHINESE.join('|')}))`,
  'giu'
);

/** Phrases nearer than this to the one before belong to the same turn ("Hmm, wait. Let me check"). */
const NEAR = 40;

/** The text's thoughts; together they are the whole text. */
export function cutThoughts(text: string): IThought[] {
  const thoughts: IThought[] = [{ start: 0, end: text.length, phrase: null }];
  for (const match of text.matchAll(SWITCH)) {
    const phrase = {
      start: match.index,
      end: match.index + match[0].length
    };
    const before = thoughts[thoughts.length - 1];
    if (before.phrase !== null && phrase.start - before.phrase.end < NEAR) {
      continue;
    }
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

/**
 * The first place where the text gives the gold value as a value of its own, or null.
 *
 * A short number stands everywhere; one counts where something comes out as it ("= 8", "is 8", "\boxed{8}").
 */
export function firstMention(text: string, gold: string): IRange | null {
  const value = bare(gold);
  if (!value || value.length > 200) {
    return null;
  }
  // No count is without bound: a text of nothing but spaces would take its square.
  const short = /^-?\d{1,3}$/.test(value);
  const lead = /^[A-J]$/.test(value)
    ? '(?:answer|option|choice|答案|选项?|选择)(?: is| would be| must be|[:：]|是|为)?[:：]?\\s{0,9}\\**\\s{0,9}\\(?(?:\\\\boxed\\{(?:\\\\text\\{)?)?\\(?'
    : short
      ? '(?:=|≈|\\bis|\\bare|\\bbe|\\bequals|\\bgives?|\\bget|\\bgot|\\banswer|\\\\boxed\\{|[:：]|是|为|得|等于)\\s{0,9}(?:\\$|\\\\\\(|\\*\\*)?\\s{0,9}(?:\\\\boxed\\{)?'
      : '(?<![\\w.\\\\^_-])(?<![\\^_]\\{)(?:\\$|\\\\\\()?';
  const forms = [literal(value)];
  const fraction = /^(-?)\\d?frac\{?(-?\d+)\}?\{?(\d+)\}?$/.exec(
    value.replace(/[dt]frac/, 'frac')
  );
  if (fraction !== null) {
    forms.push(`${fraction[1]}${fraction[2]}\\s*/\\s*${fraction[3]}`);
  }
  const after =
    '(?![\\w^]|\\.\\d|,\\d{3}|\\s{0,9}[\\^_]|\\s{0,9}(?:[*+-]|\\\\times|\\\\cdot)\\s*[\\w\\\\(]| of \\d)';
  const match = new RegExp(
    `(?<lead>${lead})(?<value>${forms.join('|')})${after}`
  ).exec(text);
  if (match === null) {
    return null;
  }
  const start = match.index + match.groups!.lead.length;
  return { start, end: start + match.groups!.value.length };
}

/** The gold value without what is put around values. */
function bare(gold: string): string {
  let value = gold.trim();
  for (const around of [
    /^\$([^$]*)\$$/,
    /^\\\((.*)\\\)$/,
    /^\\boxed\{(.*)\}$/,
    /^\\text\{([^{}]*)\}$/,
    /^\(([A-J])\)$/
  ]) {
    value = around.exec(value)?.[1].trim() ?? value;
  }
  return value;
}

/** A pattern for the value in which spaces and the size of fractions do not matter. */
function literal(value: string): string {
  return value
    .split(/\s+/)
    .map(part =>
      part
        .replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
        .replace(/\\\\[dt]?frac/g, '\\\\[dt]?frac')
    )
    .join('\\s{0,9}');
}
