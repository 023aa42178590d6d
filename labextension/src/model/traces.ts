/**
 * Whole texts from the run directory, for samples that the saved output holds in part only.
 *
 * A file is read as it comes, line by line; a line is parsed only if it can be one that is asked for.
 */
import { number } from '../record/format';
import { keyOf } from '../record/record';
import { asObject, asText } from '../record/values';
import { IMessage, ITrace } from './entry';

/** Where a file of the run can be fetched; rejects where it cannot. */
export type Locate = (path: string) => Promise<string>;

/** A file is read to its end to find its rows: in one that is larger than this that would take minutes. */
const MOST_BYTES = 1_000_000_000;
/** Seconds until the reading of a file is given up. */
const PATIENCE = 600;
/** A row is one line; a line that is longer is none of ours, and is passed over. */
const LONGEST_LINE = 64_000_000; // characters

export class TraceError extends Error {}

/** The path of a run's file, or null where it leads out of the run directory. */
export function tracePath(runDir: string, file: string): string | null {
  const dir = runDir.replace(/\\/g, '/').replace(/\/+$/, '');
  const parts = file.replace(/\\/g, '/').split('/');
  const outside = (part: string): boolean => ['', '.', '..'].includes(part);
  if (
    !dir ||
    dir.split('/').includes('..') ||
    /^[a-z][a-z\d+.-]*:/i.test(dir.replace(/^[a-z]:\//i, '/')) ||
    dir.startsWith('//') ||
    parts.some(outside) ||
    /[\0-\x1f]/.test(dir + file)
  ) {
    return null;
  }
  return `${dir}/${parts.join('/')}`;
}

export interface IWanted {
  /** The samples whose texts are wanted. */
  keys: ReadonlySet<string>;
  /**
   * Is handed each text. `foreign`: evalscope wrote the row, which has no id, and the key was found by the row's number;
   * in a run of ours the numbers need not be those in the ids.
   */
  found: (key: string, trace: ITrace, foreign: boolean) => void;
  /** Of the run: with them a row's number says which sample it is. */
  repeats?: number;
  signal?: AbortSignal;
}

/** Reads `path` and hands on each text that is wanted; where a file holds two, the later one counts. */
export async function readTraces(
  locate: Locate,
  path: string,
  { keys, found, repeats = 1, signal }: IWanted
): Promise<void> {
  const url = await locate(path);
  const patience = AbortSignal.timeout(1000 * PATIENCE);
  const response = await fetch(url, {
    credentials: 'same-origin',
    signal: signal ? AbortSignal.any([signal, patience]) : patience
  });
  if (!response.ok || response.body === null) {
    throw new TraceError(
      response.status === 404 ? 'not there' : `HTTP ${response.status}`
    );
  }
  const size = Number(response.headers.get('Content-Length') ?? 0);
  if (size > MOST_BYTES) {
    await response.body.cancel();
    throw tooLarge();
  }
  const ids = [...keys].map(key => key.slice(key.indexOf(' ') + 1));
  // The id as JSON writes it; with characters that may be escaped in more than one way every line is looked at.
  const plain = ids.length <= 4 && ids.every(id => /^[\w ./:+-]+$/.test(id));
  const numbers = rowNumbers(keys, repeats);
  await eachLine(response.body, line => {
    const foreign = !line.includes('"qwq"') && line.includes('"model_output"');
    const index = foreign ? INDEX.exec(line.slice(0, 200)) : null;
    if (index !== null && !numbers.has(Number(index[1]))) {
      return;
    }
    if (foreign || !plain || ids.some(id => line.includes(`"${id}"`))) {
      const row = parseRow(line, numbers);
      if (row !== null && keys.has(row.key)) {
        found(row.key, row.trace, row.foreign);
      }
    }
  });
}

/** At the beginning of a row, where evalscope writes it: it spares parsing rows that nobody asked for. */
const INDEX = /^\s*\{\s*"index":\s*(\d+)\s*,/;

/** evalscope's numbers of samples in their file: `aime24/3` → 3, or of the second of four repeats 13. */
export function rowNumbers(
  keys: Iterable<string>,
  repeats: number
): Map<number, string> {
  const numbers = new Map<number, string>();
  for (const key of keys) {
    const parts = /^(\d+) .*\/(\d+)$/s.exec(key);
    if (parts !== null) {
      numbers.set(Number(parts[2]) * repeats + Number(parts[1]), key);
    }
  }
  return numbers;
}

function tooLarge(): TraceError {
  const most = number(MOST_BYTES / 1e9);
  return new TraceError(`too large: at most ${most} GB are searched`);
}

/** Calls `use` with each line that has an end. */
export async function eachLine(
  body: ReadableStream<Uint8Array>,
  use: (line: string) => void,
  { mostBytes = MOST_BYTES, longest = LONGEST_LINE } = {}
): Promise<void> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let parts: string[] = [];
  let length = 0; // of the line so far
  let bytes = 0;
  const add = (part: string): void => {
    length += part.length;
    if (length > longest) {
      parts = [];
    } else {
      parts.push(part);
    }
  };
  for (;;) {
    const { done, value } = await reader.read();
    bytes += value?.length ?? 0;
    if (bytes > mostBytes) {
      await reader.cancel();
      throw tooLarge();
    }
    const lines = decoder.decode(value, { stream: !done }).split('\n');
    for (const line of lines.slice(0, -1)) {
      add(line);
      if (length <= longest) {
        use(parts.join(''));
      }
      parts = [];
      length = 0;
    }
    add(lines[lines.length - 1]);
    if (done) {
      // The last line has no end while it is being written.
      return;
    }
  }
}

export interface IRow {
  key: string;
  trace: ITrace;
  /** Whether evalscope wrote it, and `key` was found out by its number. */
  foreign: boolean;
}

/** A row of a prediction file, or of the journal of failures and partial texts; null where it is neither. */
export function parseRow(
  line: string,
  numbers: ReadonlyMap<number, string> = new Map()
): IRow | null {
  let row;
  try {
    row = JSON.parse(line);
  } catch {
    return null;
  }
  const own = row?.qwq ?? row;
  const { id, repeat } = own ?? {};
  const foreign = own === row && typeof row?.index === 'number';
  const key = foreign
    ? numbers.get(row.index)
    : typeof id === 'string' && typeof repeat === 'number'
      ? keyOf({ id, repeat })
      : undefined;
  if (key === undefined) {
    return null;
  }
  const prompt = promptOf(row.messages);
  if (row.completion) {
    const { reasoning, answer } = row.completion;
    return {
      key,
      foreign,
      trace: { reasoning: asText(reasoning), answer: asText(answer), prompt }
    };
  }
  const content = row.model_output?.choices?.[0]?.message?.content;
  if (typeof content === 'string') {
    return { key, foreign, trace: { reasoning: '', answer: content, prompt } };
  }
  if (!Array.isArray(content)) {
    return null;
  }
  const parts = (type: string, field: string): string =>
    content
      .filter(part => part?.type === type)
      .map(part => asText(part[field]))
      .join('\n');
  return {
    key,
    foreign,
    trace: {
      reasoning: parts('reasoning', 'reasoning'),
      answer: parts('text', 'text'),
      prompt
    }
  };
}

/** The messages that were sent, where all of them are texts. evalscope puts the reply behind them. */
function promptOf(messages: unknown): IMessage[] | null {
  const all = Array.isArray(messages) ? messages : [];
  const isReply = asObject(all[all.length - 1]).role === 'assistant';
  const sent = isReply ? all.slice(0, -1) : all;
  if (sent.length === 0) {
    return null;
  }
  const read = sent.map((message): IMessage | null => {
    const { role, content } = asObject(message);
    const text =
      Array.isArray(content) && content.length === 1
        ? asObject(content[0]).text
        : content;
    return typeof role === 'string' && typeof text === 'string'
      ? { role, content: text }
      : null;
  });
  return read.includes(null) ? null : (read as IMessage[]);
}
