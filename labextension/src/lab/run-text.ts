/** What is said of a run that is known by its manifest: its state, its scores, and why it cannot be shown. */
import { number, percent } from '../record/format';
import { IRun, isLive, RECORD } from '../record/manifest';
import { stateSign } from '../record/vocabulary';

/** A live run writes its manifest every few seconds; one that has not for so long may be dead. */
const SILENT_AFTER = 3 * 60; // seconds

/** Whether the manifest says that the run is going although nothing has been heard of it for long. */
export function isSilent(run: IRun, now: number): boolean {
  const written = Date.parse(run.updated);
  return isLive(run) && now - written > 1000 * SILENT_AFTER;
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

/** Each benchmark of the run with its score in per cent. */
export function scoreLines(run: IRun): [benchmark: string, score: string][] {
  const names = [...new Set([...run.benchmarks, ...Object.keys(run.scores)])];
  return names.map(name => [
    name,
    percent(Object.hasOwn(run.scores, name) ? run.scores[name] : null)
  ]);
}

/** What stands in the viewer's place where the run has no record to show. */
export function missingRecord(run: IRun, now: number): string {
  if (isLive(run) && !isSilent(run, now)) {
    return `The run ${run.name} is going on (${number(run.done)} of ${number(run.total)} done); it is shown here as soon as its record is written.`;
  }
  return `The run ${run.name} has no ${RECORD} yet: run %qwq_show ${run.name} once, which writes it.`;
}

/** What stands above the record of a run whose kernel seems to be gone; of any other run, nothing. */
export function silence(run: IRun, now: number): string {
  return isSilent(run, now)
    ? `Nothing has been heard of this run since ${run.updated}: its kernel may be gone. %qwq_show ${run.name} brings this view up to date.`
    : '';
}
