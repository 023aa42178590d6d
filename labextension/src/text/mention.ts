/** Where a text first gives the gold value. */
import { IRange } from './range';

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
