/** Copy a sample in one of the forms that the detail offers. */
import { IEntry } from '../model/entry';
import { TraceFetcher } from '../model/fetcher';
import { RunModel } from '../model/model';
import { asCurl, asJson, asLine, asLink, asMarkdown } from './copies';
import { copyText } from './clipboard';
import type { CopyForm } from './detail';

/** Copy it; resolves with what to say of that. */
export async function copyEntry(
  model: RunModel,
  fetcher: TraceFetcher,
  entry: IEntry,
  form: CopyForm
): Promise<string> {
  const record = model.record!;
  if (form === 'markdown') {
    await fetcher.fetch(entry);
  }
  const copied = { record, entry, trace: model.trace(entry.key) };
  let text: string | null;
  if (form === 'line' || form === 'link') {
    text = form === 'line' ? asLine(copied) : asLink(copied);
    if (text === null) {
      return `Not copied: its name cannot stand in a ${form}`;
    }
  } else if (form === 'curl') {
    const prompt = await fetcher.prompt(entry);
    if (prompt === null || 'tools' in record.sampling) {
      return 'Not copied: the prompt is not in the run’s folder, or not within reach';
    }
    text = asCurl(record, prompt);
  } else {
    text = form === 'json' ? asJson(copied) : asMarkdown(copied);
  }
  return (await copyText(text))
    ? 'Copied'
    : 'Not copied: the browser forbids it';
}
