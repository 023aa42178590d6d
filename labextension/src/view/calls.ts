/** The tool calls of an answer: each with its arguments, the expected ones beside, and what is wrong with which. */
import { DrawnArgument, DrawnCall } from '../record/record';
import { oneLine } from '../text/clean';
import { el } from './dom';

/** Calls, and arguments of each, that are drawn: the kernel sends no more of them. */
const MOST_CALLS = 40;
const MOST_ARGUMENTS = 60;
const LONGEST = 400;

export class CallsView {
  readonly node = el('div', { class: 'qwq-calls' });

  /** Draw the calls, or nothing where there are none. */
  update(calls: DrawnCall[]): void {
    const drawn = JSON.stringify(calls);
    if (drawn === this._drawn) {
      return;
    }
    this._drawn = drawn;
    this.node.replaceChildren();
    this.node.hidden = calls.length === 0;
    if (calls.length === 0) {
      return;
    }
    const heads = ['argument', 'value', 'expected', 'what is wrong'];
    this.node.append(
      el(
        'table',
        {},
        el('caption', {}, 'Tool calls'),
        el(
          'thead',
          {},
          el('tr', {}, ...heads.map(head => el('th', { scope: 'col' }, head)))
        ),
        ...calls.slice(0, MOST_CALLS).map(bodyOf)
      )
    );
  }

  private _drawn = '';
}

/** The line above a call's arguments: whether it is right, its name, and what is wrong with it as a whole. */
export function titleOf(call: DrawnCall): string {
  const name = oneLine(call.name, LONGEST) || 'a call without a name';
  if (call.is_missing) {
    return `✗ ${name}: expected, and not made`;
  }
  const wrong = call.problem || call.arguments.some(({ problem }) => problem);
  const said = call.problem && !call.text ? `: ${call.problem}` : '';
  return `${wrong ? '✗' : '✓'} ${name}${oneLine(said, LONGEST)}`;
}

/** The rows below that line: the arguments, or the text of a call that cannot be read. */
export function rowsOf(call: DrawnCall): DrawnArgument[] {
  const { text: value, problem } = call;
  return value
    ? [{ name: 'as written', value, expected: '', problem }]
    : call.arguments.slice(0, MOST_ARGUMENTS);
}

function bodyOf(call: DrawnCall): HTMLElement {
  const title = el('th', { scope: 'rowgroup', colspan: 4 }, titleOf(call));
  return el('tbody', {}, el('tr', {}, title), ...rowsOf(call).map(rowOf));
}

function rowOf(argument: DrawnArgument): HTMLElement {
  const { name, value, expected, problem } = argument;
  return el(
    'tr',
    { class: problem ? 'qwq-mod-wrong' : null },
    el('th', { scope: 'row' }, oneLine(name, LONGEST)),
    el('td', {}, el('code', {}, oneLine(value, LONGEST))),
    el('td', {}, oneLine(expected, LONGEST)),
    el('td', {}, oneLine(problem, LONGEST))
  );
}
