/**
 * The whole texts of a page's samples: blocks of compressed JSON in the page itself, opened when one of their samples is
 * wanted.
 *
 * A block is `{"<repeat> <id>": [reasoning, answer], …}`, deflated without a header (RFC 1951), in base64: nothing of a
 * text stands in the page's source.
 */
import { ITextSource } from '../model/fetcher';
import { IWanted, TraceError } from '../model/traces';
import { asObject, asText } from '../record/values';

/** Bytes of a block, opened: Python writes some 2 MB. */
const MOST_BYTES = 256_000_000;

export class TextBlocks implements ITextSource {
  readonly place = 'this page';

  /** `find` gives a block's base64, or null where there is none of that name. */
  constructor(find: (name: string) => string | null) {
    this._find = find;
  }

  pathOf(file: string): string | null {
    return this._find(file) === null ? null : file;
  }

  async read(name: string, { keys, found }: IWanted): Promise<void> {
    const packed = this._find(name);
    if (packed === null) {
      throw new TraceError('not there');
    }
    const texts = asObject(await unpack(packed));
    for (const key of keys) {
      const pair = Object.hasOwn(texts, key) ? texts[key] : null;
      if (Array.isArray(pair)) {
        const [reasoning, answer] = pair.map(asText);
        found(key, { reasoning, answer }, false);
      }
    }
  }

  private _find: (name: string) => string | null;
}

/** The value of compressed JSON. Rejects where it is neither, or far larger than any that Python writes. */
export async function unpack(
  base64: string,
  most = MOST_BYTES
): Promise<unknown> {
  const packed = new Blob([bytesOf(base64)]).stream();
  const opened = packed.pipeThrough(new DecompressionStream('deflate-raw'));
  const reader = opened.getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new TraceError('too large');
    }
    parts.push(value as Uint8Array<ArrayBuffer>);
  }
  return JSON.parse(await new Blob(parts).text());
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const characters = atob(base64);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < characters.length; i++) {
    bytes[i] = characters.charCodeAt(i);
  }
  return bytes;
}
