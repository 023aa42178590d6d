/** Values of JSON that nobody has checked, read as one kind each: what is of another kind is empty. */

export type Json = { [key: string]: unknown };

export function asText(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : '';
}

export function asNumber(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}

export function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

/** At most `most` characters, the last one `…` where there were more. */
export function clipped(text: string, most: number): string {
  // Joined anew: a mere slice would keep the whole text in memory.
  return text.length <= most
    ? text
    : `${text
        .slice(0, most - 1)
        .split('')
        .join('')}…`;
}

/** The first members of a list, or none of what is no list. */
export function listOf(value: unknown, most: number): unknown[] {
  return Array.isArray(value) ? value.slice(0, most) : [];
}

/** Any value of JSON in words, for a view; however deep it is. */
export function inWords(value: unknown, most = 300): string {
  if (typeof value !== 'object' || value === null) {
    return clipped(asText(value), most);
  }
  try {
    return clipped(JSON.stringify(value), most);
  } catch {
    return '…'; // nested deeper than can be written
  }
}

/**
 * The value of a JSON text. Python also writes NaN and Infinity, which are no JSON: they are read as null.
 *
 * Throws SyntaxError where it is neither.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/NaN|Infinity/.test(text)) {
      throw error;
    }
    // A string is taken as a whole, so that nothing within one is changed.
    return JSON.parse(
      text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g, found =>
        found.startsWith('"') ? found : 'null'
      )
    );
  }
}
