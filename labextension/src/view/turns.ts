/** The turns of a sample: who was asked, what it thought and wrote, how the files changed, what the tests said. */
import { count, duration, number } from '../record/format';
import { Clip, TurnView } from '../record/record';
import { clipped } from '../record/values';
import { oneLine, visible } from '../text/clean';
import { whole } from './clip';
import { renderProse } from './prose';
import { el, moreOf, setText } from './dom';
import { testsOf } from './execution';

/** Turns drawn, characters of one text, and lines of a diff that are drawn one by one. */
const MOST_TURNS = 60;
const LONGEST_TEXT = 100_000;
const MOST_LINES = 1_500;

export class TurnsView {
  readonly node = el('div', { class: 'qwq-turns' });

  /** Draw the turns, or nothing where a sample took one request. */
  update(turns: TurnView[]): void {
    const drawn = JSON.stringify(turns);
    if (drawn === this._drawn) {
      return;
    }
    this._drawn = drawn;
    // What the reader has opened stays open when a turn is added.
    const open = new Set(
      [...this.node.querySelectorAll<HTMLDetailsElement>('details')].map(
        fold => `${fold.dataset.key} ${fold.open}`
      )
    );
    this.node.replaceChildren();
    this.node.hidden = turns.length === 0;
    if (turns.length === 0) {
      return;
    }
    const left = turns.length - MOST_TURNS;
    this.node.append(
      el('p', { class: 'qwq-turns-title' }, count(turns.length, 'turn')),
      el(
        'ol',
        {},
        ...turns.slice(0, MOST_TURNS).map((turn, at) => turnOf(turn, at))
      ),
      ...(left > 0 ? [el('p', {}, moreOf(left, 'turn'))] : [])
    );
    for (const fold of this.node.querySelectorAll<HTMLDetailsElement>(
      'details'
    )) {
      for (const state of [true, false]) {
        if (open.has(`${fold.dataset.key} ${state}`)) {
          fold.open = state;
        }
      }
    }
  }

  private _drawn = '';
}

/** Which turn it is: `architect, try 1`; asked again where a reply could not be used. */
export function turnWord(turn: TurnView): string {
  const role = oneLine(turn.role, 80) || 'model';
  const again = turn.retry > 0 ? `, asked again (${turn.retry})` : '';
  return `${role}, try ${turn.try}${again}`;
}

/** What a unified diff does: `2 lines added, 1 removed`. */
export function diffWords(diff: string): string {
  const lines = diff.split('\n');
  const signs = (sign: string): number =>
    lines.filter(line => kindOf(line) === sign).length;
  return `${count(signs('added'), 'line')} added, ${number(signs('removed'))} removed`;
}

/** Whether a line of a unified diff is added, removed, or neither. */
export function kindOf(line: string): 'added' | 'removed' | '' {
  if (line.startsWith('+') && !line.startsWith('+++')) {
    return 'added';
  }
  return line.startsWith('-') && !line.startsWith('---') ? 'removed' : '';
}

function turnOf(turn: TurnView, at: number): HTMLElement {
  const who = oneLine(turn.model || turn.endpoint, 80);
  const facts = [who];
  if (turn.reasoning_tokens || turn.answer_tokens) {
    facts.push(
      `${number(turn.reasoning_tokens)} reasoning + ${number(turn.answer_tokens)} answer tokens`
    );
  }
  if (turn.latency_s !== null) {
    facts.push(duration(turn.latency_s));
  }
  const title =
    turn.format !== ''
      ? 'Reply as it was written'
      : turn.role === 'architect'
        ? 'Plan'
        : 'Answer';
  return el(
    'li',
    { class: 'qwq-turn' },
    el(
      'div',
      { class: 'qwq-turn-head' },
      el('strong', {}, turnWord(turn)),
      el(
        'span',
        { class: 'qwq-facts' },
        facts.filter(fact => fact !== '').join(' · ')
      )
    ),
    ...fold(at, 'Reasoning', turn.reasoning, turn.same_reasoning, false),
    ...fold(
      at,
      title,
      turn.answer,
      turn.same_answer,
      turn.format === '',
      turn.format !== ''
    ),
    ...editOf(turn),
    ...testsRun(turn, at)
  );
}

function editOf(turn: TurnView): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (turn.malformed) {
    const format = oneLine(turn.format, 40);
    parts.push(
      el(
        'p',
        {},
        el('strong', {}, 'Malformed reply'),
        ` (format ${format}), sent back:`
      ),
      block(turn.malformed)
    );
  }
  if (turn.diff !== null) {
    const files = turn.files.map(name => oneLine(name, 80)).join(', ');
    parts.push(
      el(
        'p',
        {},
        `Changes in ${files || 'files'}` +
          (turn.diff.omitted ? '' : `: ${diffWords(turn.diff.text)}`)
      ),
      diffOf(turn.diff)
    );
  } else if (turn.format && !turn.malformed) {
    parts.push(
      el(
        'p',
        {},
        el('strong', {}, 'No edit:'),
        ' the reply could be read, and changes no file.'
      )
    );
  }
  if (turn.syntax_error) {
    parts.push(
      el(
        'p',
        {},
        el('strong', {}, 'A file is no Python after it'),
        ', sent back:'
      ),
      block(turn.syntax_error)
    );
  }
  return parts;
}

function testsRun(turn: TurnView, at: number): HTMLElement[] {
  if (turn.execution === null) {
    return [];
  }
  const output = turn.execution.first_failed?.stderr ?? '';
  const shown = el(
    'p',
    { class: 'qwq-tests' },
    el('strong', {}, 'Tests:'),
    ` ${testsOf(turn.execution)}`
  );
  return output.trim() === ''
    ? [shown]
    : [shown, details(at, 'Test output, as the model sees it', output, false)];
}

function fold(
  at: number,
  title: string,
  text: Clip | null,
  same: boolean,
  open: boolean,
  asTyped = false
): HTMLElement[] {
  if (same) {
    const said = `${title}: the same as of the whole sample, see below.`;
    return [el('p', { class: 'qwq-more' }, said)];
  }
  if (text === null || (text.text === '' && text.omitted === 0)) {
    return [];
  }
  const missing = text.omitted
    ? `, ${number(text.omitted)} characters left out in the middle`
    : '';
  return [details(at, `${title}${missing}`, whole(text), open, asTyped)];
}

function details(
  at: number,
  title: string,
  text: string,
  open: boolean,
  asTyped = true
): HTMLElement {
  const node = el(
    'details',
    { open, 'data-key': `${at} ${title}` },
    el('summary', {}, title),
    asTyped ? block(text) : renderProse(visible(clipped(text, LONGEST_TEXT)))
  );
  return node;
}

function block(text: string): HTMLElement {
  const node = el('pre', { class: 'qwq-code' });
  setText(node, visible(clipped(text, LONGEST_TEXT)));
  return node;
}

/** Every line begins with its sign, which says the same as its ground. */
function diffOf(diff: Clip): HTMLElement {
  const lines = clipped(whole(diff), LONGEST_TEXT)
    .replace(/\n+$/, '')
    .split('\n');
  const rest = lines.slice(MOST_LINES).join('\n');
  return el(
    'pre',
    { class: 'qwq-code qwq-diff' },
    ...lines
      .slice(0, MOST_LINES)
      .map(line =>
        el('span', { class: `qwq-mod-${kindOf(line) || 'same'}` }, `${line}\n`)
      ),
    rest
  );
}
