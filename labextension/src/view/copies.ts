/** A sample as text for the clipboard: a line that shows it, a link, Markdown, a request that asks it again, JSON. */
import { IEntry, IMessage, ITrace, standingOf } from '../model/entry';
import { tracePath } from '../model/traces';
import { sampleLine } from '../record/commands';
import { count, duration, number } from '../record/format';
import { MANIFEST } from '../record/manifest';
import { fragmentOf } from '../model/permalink';
import { RunRecord } from '../record/record';
import { clipped } from '../record/values';
import { oneLine } from '../text/clean';
import { whole } from './clip';
import { signOf, wordOf } from './standing';
import { valuesOf } from './values';

export interface ICopied {
  record: RunRecord;
  entry: IEntry;
  /** Its whole texts, where they were read. */
  trace: ITrace | undefined;
}

/** `%qwq_show RUN --sample ID`; null where the names cannot stand in a line. */
export function asLine({ record, entry }: ICopied): string | null {
  const { id, repeat } = entry.row;
  return sampleLine(record.run_dir, id, repeat);
}

/** A link for a Markdown cell or file beside the run's folder; null where the folder's name cannot stand in one. */
export function asLink({ record, entry }: ICopied): string | null {
  const { id, repeat } = entry.row;
  const path = tracePath(record.run_dir, MANIFEST);
  if (path === null) {
    return null;
  }
  const address = path.split('/').map(encoded).join('/');
  const words = oneLine(id, 100).replace(/[\\`*_[\]<>$&!]/g, '\\$&');
  return `[${words}](${address}${encodedIn(fragmentOf({ id, repeat }))})`;
}

/** Question, reasoning and answer, each as it was written, within fences: pasted, none of it is anything but text. */
export function asMarkdown(copied: ICopied): string {
  const { record, entry, trace } = copied;
  const { row } = entry;
  const standing = standingOf(entry);
  const id = row.source_id ? `${row.id} (${row.source_id})` : row.id;
  const facts = [
    oneLine(record.model, 100),
    ...valuesOf(row).map(code),
    `${number(row.reasoning_tokens)} reasoning + ${count(row.answer_tokens, 'answer token')}`,
    row.latency_s === null ? '' : duration(row.latency_s)
  ];
  const line = asLine(copied);
  const choices = row.choices.map(
    (choice, index) => `${String.fromCharCode(65 + index)}) ${choice}`
  );
  const question = row.question ? whole(row.question) : '';
  const part = (title: string, text: string): string[] =>
    text === '' ? [] : [`#### ${title}`, fenced(text)];
  return [
    `### ${signOf(standing)} ${wordOf(standing)}: ${code(oneLine(id, 200))}`,
    facts.filter(fact => fact !== '').join(' · '),
    ...(line === null ? [] : [fenced(line)]),
    ...part('Question', [question, ...choices].join('\n').trim()),
    ...part(
      'Reasoning',
      trace?.reasoning ?? (row.reasoning ? whole(row.reasoning) : '')
    ),
    ...part('Answer', trace?.answer ?? (row.answer ? whole(row.answer) : '')),
    ''
  ].join('\n\n');
}

/** A request with the same prompt and sampling. It names the variable of the key, and holds no key. */
export function asCurl(record: RunRecord, prompt: readonly IMessage[]): string {
  const { seed, ...sampling } = record.sampling;
  const body = {
    model: record.model,
    messages: prompt,
    ...sampling,
    ...(typeof seed === 'number' ? { seed } : {})
  };
  const key = /^[A-Za-z_]\w*$/.test(record.key_env) ? record.key_env : '';
  return [
    `curl ${quoted(`${record.url.replace(/\/+$/, '')}/chat/completions`)}`,
    "  -H 'Content-Type: application/json'",
    ...(key ? [`  -H "Authorization: Bearer $${key}"`] : []),
    `  -d ${quoted(ascii(JSON.stringify(body)))}`
  ].join(' \\\n');
}

/** The row of the record, with the whole texts. */
export function asJson({ entry, trace }: ICopied): string {
  const clip = (text: string): object => ({ text });
  const row = trace
    ? {
        ...entry.row,
        reasoning: clip(trace.reasoning),
        answer: clip(trace.answer)
      }
    : entry.row;
  return JSON.stringify(row, null, 2);
}

/** A part of an address; brackets too would end a Markdown link. */
function encoded(part: string): string {
  return encodedIn(encodeURIComponent(part.replace(/\p{Cs}/gu, '?')));
}

function encodedIn(address: string): string {
  return address.replace(
    /[()']/g,
    sign => `%${sign.charCodeAt(0).toString(16)}`
  );
}

/** One word of a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replace(/[\0-\x1f\x7f]/g, '').replace(/'/g, "'\\''")}'`;
}

/** JSON without a character that a terminal could take for a command, or that looks like another. */
function ascii(json: string): string {
  return json.replace(
    /[\x7f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  );
}

/** In a fence longer than any in the text. */
function fenced(text: string): string {
  const longest = (text.match(/`+/g) ?? []).reduce(
    (most, { length }) => Math.max(most, length),
    2
  );
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${text.replace(/\s+$/, '')}\n${fence}`;
}

function code(text: string): string {
  return `\`${clipped(text, 200).replace(/`/g, 'ˋ')}\``;
}
