/** What is printed of the samples that the filter shows: a line each, and behind it their texts where they are asked for. */
import { IEntry, ITrace, tokensOf } from '../model/entry';
import { count, number } from '../record/format';
import { reasonOf } from '../record/reason';
import { outcomeSign, outcomeWord, PHASES } from '../record/vocabulary';
import { oneLine, visible } from '../text/clean';
import { readable } from '../text/readable';
import { valueAsTex } from '../text/tex';
import { el } from '../view/dom';
import { renderProse } from '../view/prose';
import { typeset } from './formulas';

export type PrintDepth = 'lines' | 'answers' | 'reasoning';

export const DEPTHS: Record<PrintDepth, string> = {
  lines: 'a line for each sample',
  answers: 'with questions and answers',
  reasoning: 'with the reasoning too'
};

/** Samples of which the texts are printed: a browser lays out every page before it shows the first one. */
const MOST_WITH_TEXTS = 300;
/** Samples of which formulas within the reasoning are set. */
const MOST_TYPESET = 10;

/** Whether the texts of an entry belong on paper. */
export function isPrintedWhole(depth: PrintDepth, index: number): boolean {
  return depth !== 'lines' && index < MOST_WITH_TEXTS;
}

/** The section of samples on paper. `trace` gives the whole texts, as far as they are there. */
export function printedSamples(
  entries: readonly IEntry[],
  total: number,
  depth: PrintDepth,
  trace: (key: string) => ITrace | undefined
): HTMLElement[] {
  const heading =
    entries.length === total
      ? count(total, 'sample')
      : `${number(entries.length)} of ${count(total, 'sample')}, by the filter on screen`;
  const parts: HTMLElement[] = [el('h2', {}, heading)];
  if (depth === 'lines') {
    parts.push(tableOf(entries));
    return parts;
  }
  const whole = entries.filter((_, index) => isPrintedWhole(depth, index));
  whole.forEach((entry, index) =>
    parts.push(articleOf(entry, trace(entry.key), depth, index < MOST_TYPESET))
  );
  if (entries.length > whole.length) {
    const rest = entries.slice(whole.length);
    parts.push(
      el('p', {}, `The texts of ${number(rest.length)} more are not printed.`),
      tableOf(rest)
    );
  }
  return parts;
}

function tableOf(entries: readonly IEntry[]): HTMLElement {
  const columns = ['Sample', 'Outcome', 'Extracted', 'Gold', 'Tokens'];
  const head = el(
    'tr',
    {},
    ...columns.map(name => el('th', { scope: 'col' }, name))
  );
  const rows = entries.map(entry => {
    const { row } = entry;
    const said =
      entry.stream === null
        ? `${outcomeSign(row.outcome)} ${outcomeWord(row.outcome)}`
        : PHASES[entry.stream.flight.phase];
    const cells = [
      nameOf(entry),
      said,
      oneLine(readable(row.extracted), 80),
      oneLine(readable(row.gold), 80),
      tokensOf(entry) ? number(tokensOf(entry)) : ''
    ];
    return el('tr', {}, ...cells.map(cell => el('td', {}, cell)));
  });
  return el(
    'table',
    { class: 'qwq-printed-lines' },
    el('thead', {}, head),
    el('tbody', {}, ...rows)
  );
}

function articleOf(
  entry: IEntry,
  trace: ITrace | undefined,
  depth: PrintDepth,
  isSet: boolean
): HTMLElement {
  const { row } = entry;
  const answer = trace?.answer ?? row.answer?.text ?? '';
  const reasoning = trace?.reasoning ?? row.reasoning?.text ?? '';
  const article = el(
    'article',
    { 'data-outcome': row.outcome },
    el(
      'h3',
      {},
      `${outcomeSign(row.outcome)} ${nameOf(entry)}: ${outcomeWord(row.outcome)}`
    ),
    el('p', {}, oneLine(reasonOf(row), 600)),
    row.question &&
      labelled('Question', renderProse(visible(row.question.text))),
    row.choices.length > 0 &&
      el(
        'ol',
        { class: 'qwq-choices' },
        ...row.choices.map(choice => el('li', {}, renderProse(visible(choice))))
      ),
    row.gold && labelled('Gold', valueOf(row.gold)),
    row.extracted && labelled('Extracted', valueOf(row.extracted))
  );
  const thinking =
    depth === 'reasoning' && reasoning
      ? labelled(
          `Reasoning, ${count(row.reasoning_tokens, 'token')}`,
          renderProse(visible(reasoning))
        )
      : null;
  const last = answer && labelled('Answer', renderProse(visible(answer)));
  if (last) {
    article.append(last);
  }
  typeset(article);
  if (thinking !== null) {
    if (isSet) {
      typeset(thinking);
    }
    article.insertBefore(thinking, last || null);
  }
  return article;
}

function labelled(label: string, content: HTMLElement): HTMLElement {
  return el('section', {}, el('h4', {}, label), content);
}

function valueOf(value: string): HTMLElement {
  const formula = valueAsTex(value);
  return formula === null
    ? el('div', {}, oneLine(value, 400))
    : el('div', {}, el('span', { class: 'qwq-tex' }, formula));
}

function nameOf({ row }: IEntry): string {
  const own = /^[^/]+$/.test(row.source_id) ? ` (${row.source_id})` : '';
  const repeat = row.repeat ? `, repeat ${row.repeat}` : '';
  return oneLine(row.id + own, 200) + repeat;
}
