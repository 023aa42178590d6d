/**
 * Characters that do harm unseen are made visible, as `qwq_nb/view/clean.py` does it.
 */

// C0 without \n \t, DEL and C1, soft hyphen, bidi marks, zero-width, line separators, tags, variation supplements,
// halves of a surrogate pair.
const UNSEEN =
  // eslint-disable-next-line no-misleading-character-class -- combining characters are meant, one by one
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}\ud800-\udfff]/gu;

function show(character: string): string {
  const code = character.codePointAt(0)!;
  if (code < 0x20) {
    return String.fromCharCode(0x2400 + code);
  }
  if (code === 0x7f) {
    return '\u2421';
  }
  if (code >= 0xd800 && code <= 0xdfff) {
    return '\ufffd';
  }
  const hex = code.toString(16);
  return code < 0x100
    ? `\\x${hex.padStart(2, '0')}`
    : code < 0x10000
      ? `\\u${hex.padStart(4, '0')}`
      : `\\U${hex.padStart(8, '0')}`;
}

/** The text with every control, bidi and zero-width character spelt out (`␛`, `\u202e`). */
export function visible(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(UNSEEN, show);
}

/** The visible text on one line, at most `limit` characters long. */
export function oneLine(text: string, limit = 300): string {
  const line = visible(
    text
      .slice(0, 4 * limit)
      .split(/[ \t\n\r\f\v]+/)
      .join(' ')
      .trim()
  );
  return line.length <= limit && text.length <= 4 * limit
    ? line
    : `${line.slice(0, Math.max(limit - 1, 0))}…`;
}

const PAIRS = /[\ud800-\udbff][\udc00-\udfff]/g;

/** Length in characters as Python counts them: the record's offsets are such. */
export function pythonLength(text: string): number {
  return text.length - (text.match(PAIRS)?.length ?? 0);
}

/** Where Python's character number `at` stands in a JavaScript string. */
export function pythonIndex(text: string, at: number): number {
  if (!/[\ud800-\udbff]/.test(text.slice(0, 2 * at))) {
    return Math.min(at, text.length);
  }
  let index = 0;
  for (let seen = 0; seen < at && index < text.length; seen++) {
    index += text.codePointAt(index)! > 0xffff ? 2 : 1;
  }
  return index;
}
