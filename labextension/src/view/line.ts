/** A magic's line that a form has written, with buttons that put it into a cell of its own or copy it. */
import { visible } from '../text/clean';
import { copyText } from './clipboard';
import { button, el, setText } from './dom';

export const LINE_MIME = 'application/vnd.qwq-nb.line.v1+json';

/** `%qwq_endpoint` lines and the `%qwq_eval` line behind them, of words that IPython and shells read as they stand. */
const LINES =
  /^(?:%qwq_endpoint [\w ./:=,@%+~?&'-]{1,2000}\n){0,3}%qwq_eval [\w ./:=,@%+~'-]{1,4000}$/;
const SAID_MS = 3_000;

/** The line; null where it is none: a saved notebook may be from anybody. */
export function readLine(data: unknown): string | null {
  const line = (data as { line?: unknown } | null)?.line;
  return typeof line === 'string' && LINES.test(line) && visible(line) === line
    ? line
    : null;
}

/** The widget of the form that writes the line, by its id; null where there is none. */
export function readForm(data: unknown): string | null {
  const form = (data as { form?: unknown } | null)?.form;
  return typeof form === 'string' && /^[0-9a-f]{32}$/.test(form) ? form : null;
}

export class LineView {
  readonly node: HTMLElement;

  /** `insert` puts a text into a new cell below; false where there is no notebook. */
  constructor(insert: (text: string) => Promise<boolean>) {
    const act = (
      label: string,
      title: string,
      work: () => Promise<boolean>,
      done: string,
      failed: string
    ): HTMLButtonElement => {
      const node = button(label, { class: 'qwq-chip', title }, () => {
        void work().then(isDone => {
          setText(node, isDone ? done : failed);
          window.setTimeout(() => setText(node, label), SAID_MS);
        });
      });
      return node;
    };
    this.node = el(
      'div',
      { class: 'qwq-RunView qwq-written' },
      this._code,
      el(
        'span',
        { class: 'qwq-chips' },
        act(
          'Insert as a cell',
          'Put this line into a cell of its own below; it is not run',
          () => insert(this._line),
          'Inserted',
          'There is no notebook here'
        ),
        act(
          'Copy',
          'Copy this line',
          () => copyText(this._line),
          'Copied',
          'Not copied: the browser forbids it'
        )
      )
    );
  }

  update(line: string): void {
    this._line = line;
    setText(this._code, line);
  }

  private _line = '';
  private _code = el('pre', { class: 'qwq-written-line' });
}
