/** What running an answer's code has shown: its tests as squares, the first that failed, and the code. */
import { count, number } from '../record/format';
import { Clip, Execution, FailedTest } from '../record/record';
import { GAME_STATES } from '../record/vocabulary';
import { oneLine, visible } from '../text/clean';
import { el, setText } from './dom';

/** Tests drawn one by one, and characters of the code: the html view has as many. */
const MOST_SQUARES = 200;
const LONGEST_CODE = 50_000;

const WORDS: Record<FailedTest['status'], string> = {
  passed: 'passed',
  failed: 'another result than expected',
  timeout: 'ran out of time',
  memory: 'ran out of memory',
  crashed: 'crashed',
  output_limit: 'wrote more than is read',
  not_run: 'was not run'
};

export class ExecutionView {
  readonly node = el('div', { class: 'qwq-execution' });

  /** Draw an execution, or nothing where no code was run. */
  update(execution: Execution | null, code: Clip | null): void {
    const drawn = JSON.stringify([execution, code]);
    if (drawn === this._drawn) {
      return;
    }
    this._drawn = drawn;
    this.node.replaceChildren();
    this.node.hidden = execution === null;
    if (execution === null) {
      return;
    }
    if (execution.game === null) {
      this.node.append(
        el('p', { class: 'qwq-tests' }, `Tests: ${testsOf(execution)}`)
      );
    }
    if (execution.differs) {
      this.node.append(
        el(
          'p',
          {},
          oneLine(`The official verdict differs: ${execution.differs}`, 500)
        )
      );
    }
    if (execution.first_failed) {
      this.node.append(...failed(execution.first_failed));
    }
    if (code?.text) {
      const body = el('pre', { class: 'qwq-code' });
      setText(body, visible(code.text.slice(0, LONGEST_CODE)));
      const title = el('summary', {}, 'Code taken out of the answer');
      this.node.append(el('details', {}, title, body));
    }
  }

  private _drawn = '';
}

/** How many tests passed, and how the first that failed ended. */
export function testsWord(execution: Execution): string {
  if (execution.game) {
    return GAME_STATES[execution.game.state];
  }
  if (execution.status === 'not_run') {
    return 'not run';
  }
  if (execution.status === '') {
    return execution.fault ? oneLine(execution.fault, 200) : 'no code';
  }
  const of = `${number(execution.passed)} of ${count(execution.total, 'test')}`;
  const first = execution.first_failed;
  return first && first.status !== 'failed'
    ? `${of}, test ${first.number} ${WORDS[first.status]}`
    : of;
}

/** The counts, and a square a test: filled ones passed, hollow ones failed, dots were not run. */
export function testsOf(execution: Execution): string {
  if (execution.status === 'not_run' || execution.status === '') {
    return testsWord(execution);
  }
  const marks = [...execution.marks.slice(0, MOST_SQUARES)];
  const squares = marks.map(mark =>
    mark === '.' ? '■' : mark === '-' ? '·' : '□'
  );
  const more = execution.total - marks.length;
  const rest = more > 0 ? ` and ${number(more)} more` : '';
  const of = `${number(execution.passed)} of ${count(execution.total, 'test')}`;
  return `${of} ${squares.join('')}${rest}`;
}

function failed(test: FailedTest): HTMLElement[] {
  const said = `First that failed: test ${test.number}, ${WORDS[test.status]}`;
  const parts = [el('p', {}, said)];
  const texts: [string, string][] = [
    ['Input', test.input],
    ['Expected', marked(test.expected, test.line)],
    ['Got', marked(test.got, test.line)],
    ['Standard error, its end', test.stderr]
  ];
  for (const [name, text] of texts) {
    if (text.trim()) {
      const body = el('pre', { class: 'qwq-code' });
      setText(body, visible(text));
      parts.push(el('div', {}, el('span', {}, `${name}:`), body));
    }
  }
  return parts;
}

/** The text with a sign before the line that differs, where there are several. */
export function marked(text: string, line: number | null): string {
  const lines = text.replace(/^\n+|\n+$/g, '').split('\n');
  if (line === null || lines.length === 1 || line >= lines.length) {
    return text;
  }
  return lines
    .map((each, at) => (at === line ? `▶ ${each}` : `  ${each}`))
    .join('\n');
}
