/** What a run of code editing has come to: pass rates by try, and replies that could not be read. */
import { count, number, UNKNOWN } from '../record/format';
import { BoardRow } from '../record/record';
import { oneLine } from '../text/clean';
import { el, reconcile, setText } from './dom';

/** Runs of other makers may carry more than their own row. */
const MOST_ROWS = 20;

export class BoardFacts {
  readonly node = el('div', { class: 'qwq-board-facts', hidden: true });

  update(rows: BoardRow[]): void {
    this.node.hidden = rows.length === 0;
    reconcile(
      this.node,
      rows.slice(0, MOST_ROWS),
      row => `${row.run} ${row.model} ${row.editor_model}`,
      () => el('p', { class: 'qwq-facts' }),
      (node, row) => setText(node, factsOf(row).join(' · '))
    );
  }
}

/** The facts of a row in words. */
export function factsOf(row: BoardRow): string[] {
  const pair = row.editor_model
    ? `${oneLine(row.model, 60)} + ${oneLine(row.editor_model, 60)}`
    : oneLine(row.model, 60);
  const format = (row.editor_edit_format || row.edit_format).replace(
    /^editor-/,
    ''
  );
  const facts = [
    format ? `${pair}, format ${oneLine(format, 40)}` : pair,
    `first try ${rate(row.pass_rate_1, row.pass_rate_1_low, row.pass_rate_1_high)}`,
    `two tries ${rate(row.pass_rate_2, row.ci_low, row.ci_high)}`,
    `well formed ${share(row.percent_cases_well_formed)} (by aider ${share(row.percent_well_formed_by_aider)})`
  ];
  const malformed = row.num_malformed_responses ?? 0;
  facts.push(
    `${number(malformed)} malformed ${malformed === 1 ? 'reply' : 'replies'}`
  );
  if (row.no_edit) {
    facts.push(`no edit in ${count(row.no_edit, 'exercise')}`);
  }
  return facts;
}

function share(value: number | null): string {
  return value === null ? UNKNOWN : `${number(value, 1)} %`;
}

function rate(
  value: number | null,
  low: number | null,
  high: number | null
): string {
  return low === null || high === null
    ? share(value)
    : `${share(value)} (${number(low, 1)} – ${number(high, 1)} %)`;
}
