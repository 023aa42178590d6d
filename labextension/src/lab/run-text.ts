/** What is said of a run that is known by its manifest: its state, its scores, and why it cannot be shown. */
import { resumeLine, showLine } from '../record/commands';
import { count, meanScore, number, percent } from '../record/format';
import { IRun, isLive, lastPart, RECORD } from '../record/manifest';
import { stateSign } from '../record/vocabulary';
import { oneLine } from '../text/clean';

/** A live run writes its manifest every few seconds; one that has not for so long may be dead. */
const SILENT_AFTER = 3 * 60; // seconds
/** Benchmarks that one run's place in the list has room for. */
const MOST_SCORES = 8;
/** Folders that are named of those that cannot be read. */
const MOST_UNREAD = 4;
/** Characters of a name in a sentence or a line of its own. */
const LONGEST_NAME = 40;
const LONGEST_LABEL = 200;

/** Whether the manifest says that the run is going although nothing has been heard of it for long. */
export function isSilent(run: IRun, now: number): boolean {
  return isLive(run) && now - run.written > 1000 * SILENT_AFTER;
}

/** `✓ complete · 50 of 50`. */
export function stateLine(run: IRun, now: number): string {
  const facts = [
    `${stateSign(run.state)} ${run.state}`,
    `${number(run.done)} of ${number(run.total)}`
  ];
  if (isSilent(run, now)) {
    facts.push('silent: its kernel may be gone');
  }
  return facts.join(' · ');
}

/** Each benchmark of the run with its score in per cent; of very many the first, and how many more there are. */
export function scoreLines(run: IRun): [benchmark: string, score: string][] {
  const names = [...new Set([...run.benchmarks, ...Object.keys(run.scores)])];
  const lines = names
    .slice(0, MOST_SCORES)
    .map((name): [string, string] => [
      oneLine(name, LONGEST_NAME),
      score(run, name) + estimate(run, name)
    ]);
  const left = run.benchmarkCount - lines.length;
  return left > 0 ? [...lines, [`… and ${number(left)} more`, '']] : lines;
}

/** In per cent, or of scores that are not 0 or 1 their mean, with its name. */
function score(run: IRun, name: string): string {
  const value = Object.hasOwn(run.scores, name) ? run.scores[name] : null;
  return Object.hasOwn(run.metrics, name)
    ? `${oneLine(run.metrics[name], LONGEST_NAME)} ${meanScore(value)}`
    : percent(value);
}

function estimate(run: IRun, name: string): string {
  if (!Object.hasOwn(run.estimated, name)) {
    return '';
  }
  const [answered, whole] = run.estimated[name];
  return `, estimated from ${number(answered)} of ${number(whole)}`;
}

/** The run's name; with its folder's where that is another, since any file can say any name. */
export function labelOf(run: IRun): string {
  const name = oneLine(run.name, LONGEST_LABEL);
  const folder = oneLine(lastPart(run.folder), LONGEST_LABEL);
  return name === folder ? name : `${name} (in ${folder})`;
}

/** The line that a reader may copy: it resumes the run, or shows one that is complete or going on. */
export function lineToCopy(
  run: IRun,
  now: number
): { line: string | null; does: string } {
  const name = lastPart(run.folder);
  return run.state === 'complete' || (isLive(run) && !isSilent(run, now))
    ? { line: showLine(name), does: 'shows' }
    : { line: resumeLine(name), does: 'resumes' };
}

/** `2 folders could not be read: a (not there), b (too large: …)`; nothing where all could. */
export function unreadLine(unread: readonly IRun[]): string {
  if (unread.length === 0) {
    return '';
  }
  const said = unread
    .slice(0, MOST_UNREAD)
    .map(
      ({ folder, problem }) =>
        `${oneLine(lastPart(folder), LONGEST_NAME)} (${problem})`
    );
  const left = unread.length - said.length;
  return (
    `${count(unread.length, 'folder')} could not be read: ${said.join(', ')}` +
    (left > 0 ? `, and ${number(left)} more` : '')
  );
}

/** What stands in the viewer's place where the run has no record to show. */
export function missingRecord(run: IRun, now: number): string {
  const name = oneLine(run.name, LONGEST_LABEL);
  if (isLive(run) && !isSilent(run, now)) {
    return `The run ${name} is going on (${number(run.done)} of ${number(run.total)} done); it is shown here as soon as its record is written.`;
  }
  return `The run ${name} has no ${RECORD} yet: run ${lineThatShows(run)} once, which writes it.`;
}

/** What stands above the record of a run whose kernel seems to be gone; of any other run, nothing. */
export function silence(run: IRun, now: number): string {
  return isSilent(run, now)
    ? `Nothing has been heard of this run since ${oneLine(run.updated, LONGEST_NAME)}: its kernel may be gone. ${lineThatShows(run)} brings this view up to date.`
    : '';
}

function lineThatShows(run: IRun): string {
  return showLine(lastPart(run.folder)) ?? '%qwq_show, with the run’s folder,';
}

/** `2026-11-28 07:12`, by the reader's clock; `–` where it is not known. `time`: milliseconds since 1970. */
export function localTime(time: number): string {
  if (time <= 0) {
    return '–';
  }
  const at = new Date(time);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())];
  return `${day.join('-')} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
