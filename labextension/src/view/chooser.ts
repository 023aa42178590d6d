/** Buttons for the columns of a run's table: tokens, speed, and a list of all columns. */
import { choosable, headOf, IColumns } from '../model/columns';
import { SubsetRow } from '../record/record';
import { Column } from '../record/vocabulary';
import { button, el, reconcile, setAttribute, setText, uniqueId } from './dom';
import { resetWishes, wish } from './wishes';

const TOKENS: Column[] = ['tokens'];
const SPEED: Column[] = ['first_token', 'speed'];

export class ColumnChooser {
  /** The buttons. */
  readonly node: HTMLElement;
  /** The list, which the last of the buttons opens. */
  readonly panel: HTMLElement;

  constructor() {
    const id = uniqueId();
    this._list = el('span', { class: 'qwq-chooser-list' });
    this.panel = el(
      'div',
      {
        class: 'qwq-chooser',
        id,
        role: 'group',
        'aria-label': 'Columns of the table',
        hidden: true
      },
      this._list,
      button('Defaults', { class: 'qwq-chip' }, resetWishes)
    );
    this._columns = button(
      'Columns',
      {
        class: 'qwq-chip',
        title: 'Choose the columns; this browser remembers them',
        'aria-expanded': 'false',
        'aria-controls': id
      },
      () => this._open(this.panel.hidden)
    );
    this.node = el(
      'span',
      { class: 'qwq-chips' },
      this._tokens,
      this._speed,
      this._columns
    );
    this.panel.addEventListener('keydown', event => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        this._open(false);
        this._columns.focus();
      }
    });
  }

  update(rows: readonly SubsetRow[], columns: IColumns): void {
    this._shown = columns.shown;
    for (const [chip, names] of [
      [this._tokens, TOKENS],
      [this._speed, SPEED]
    ] as const) {
      const isPressed = names.every(name => columns.shown.includes(name));
      setAttribute(chip, 'aria-pressed', String(isPressed));
    }
    reconcile(
      this._list,
      choosable(rows),
      column => column,
      column => this._choice(column),
      (node, column) => {
        const [box, text] = [...node.children] as [HTMLInputElement, Element];
        box.checked = columns.shown.includes(column);
        const why = columns.folded.includes(column)
          ? ' (0)'
          : columns.left.includes(column)
            ? ' (no room)'
            : '';
        setText(text, headOf(column, rows) + why);
      }
    );
  }

  private _choice(column: Column): HTMLElement {
    const box = el('input', { type: 'checkbox' });
    box.addEventListener('change', () => wish({ [column]: box.checked }));
    return el('label', {}, box, el('span'));
  }

  private _toggle(columns: readonly Column[]): void {
    const isOn = columns.every(column => this._shown.includes(column));
    // Off is their default: a reader who has both is as one who never asked.
    const set = isOn ? undefined : true;
    wish(Object.fromEntries(columns.map(column => [column, set])));
  }

  private _open(isOpen: boolean): void {
    this.panel.hidden = !isOpen;
    setAttribute(this._columns, 'aria-expanded', String(isOpen));
    if (isOpen) {
      this.panel.querySelector('input')?.focus();
    }
  }

  private _shown: readonly Column[] = [];
  private _list: HTMLElement;
  private _columns: HTMLButtonElement;
  private _tokens = button(
    'Tokens',
    {
      class: 'qwq-chip',
      title: 'Mean tokens of an answer: reasoning + answer',
      'aria-pressed': 'false'
    },
    () => this._toggle(TOKENS)
  );
  private _speed = button(
    'Speed',
    {
      class: 'qwq-chip',
      title: 'Time to the first token, and tokens per second',
      'aria-pressed': 'false'
    },
    () => this._toggle(SPEED)
  );
}
