/** A reader's own ruling on an answer: what it is, and, where a kernel can take one, buttons for it and a note. */
import { RunRecord, SampleView } from '../record/record';
import { rulingWord } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { button, el, setAttribute, setText } from './dom';

/** What the reader says of an answer; `correct: null` takes a ruling back. */
export interface IRuling {
  id: string;
  repeat: number;
  correct: boolean | null;
  note: string;
}

/** Sends a ruling to the kernel; rejects with what went wrong, in words. */
export type Rule = (ruling: IRuling) => Promise<void>;

/** Sends a ruling on an answer of a run; resolves with what the kernel then says of that answer. */
export type RuleIn = (run: RunRecord, ruling: IRuling) => Promise<RunRecord>;

const LONGEST_NOTE = 2_000; // characters

/** By where rulings are sent, and answer: what stood there before the last ruling; null: none. */
const BEFORE = new WeakMap<Rule, Map<string, SampleView['ruling']>>();

/** Outcomes without an answer to rule on. */
const UNANSWERED = ['error', 'pending'];

export class RulingView {
  readonly node: HTMLElement;

  constructor() {
    this._right = button('✓ Right', { class: 'qwq-chip' }, () =>
      this.rule(true)
    );
    this._wrong = button('✗ Not right', { class: 'qwq-chip' }, () =>
      this.rule(false)
    );
    this._back = button('Take back', { class: 'qwq-link' }, () =>
      this.rule(null)
    );
    this._undo = button('Undo', { class: 'qwq-link' }, () => this.undo());
    setAttribute(
      this._undo,
      'title',
      'Undo the last ruling on this answer (u)'
    );
    this._note = el('input', {
      type: 'text',
      class: 'qwq-ruling-note',
      placeholder: 'Note',
      'aria-label': 'Note on this answer'
    });
    this._note.maxLength = LONGEST_NOTE;
    this._note.addEventListener('keydown', event => {
      if (event.key === 'Enter' && !event.isComposing) {
        event.preventDefault();
        event.stopPropagation();
        this._saveNote();
      }
    });
    this._note.addEventListener('input', () => (this._isTyped = true));
    setAttribute(this._right, 'title', 'Rule that the answer is right (y)');
    setAttribute(this._wrong, 'title', 'Rule that it is not right (n)');
    setAttribute(this._note, 'title', 'Write a note (m), save it with Enter');
    this._buttons = el(
      'span',
      {
        class: 'qwq-ruling-buttons',
        role: 'group',
        'aria-label': 'Your ruling'
      },
      this._right,
      this._wrong,
      this._note,
      this._back
    );
    this.node = el(
      'div',
      { class: 'qwq-ruling' },
      this._buttons,
      this._said,
      this._status,
      this._undo
    );
  }

  /** `send` is null where no kernel takes rulings: then only a ruling that is there is shown. */
  update(row: SampleView, send: Rule | null): void {
    const key = `${row.repeat} ${row.id}`;
    if (key !== this._key) {
      this._key = key;
      this._isTyped = false;
      setText(this._status, '');
    }
    this._row = row;
    this._send = UNANSWERED.includes(row.outcome) ? null : send;
    const { ruling } = row;
    this._buttons.hidden = this._send === null;
    setAttribute(this._right, 'aria-pressed', String(ruling?.correct === true));
    setAttribute(
      this._wrong,
      'aria-pressed',
      String(ruling?.correct === false)
    );
    this._drawButtons();
    setText(this._said, this._send === null && ruling ? saidOf(ruling) : '');
    this.node.hidden = this._send === null && ruling === null;
  }

  /** Send a ruling, with the note that stands in its field; false where none can be sent. */
  rule(correct: boolean | null): boolean {
    const send = this._send;
    const row = this._row;
    if (send === null || row === null) {
      return false;
    }
    const note = correct === null ? '' : this._note.value.trim();
    const before = row.ruling;
    this._save(correct, note, () => {
      this._remember(before);
      return correct === null
        ? 'Ruling taken back'
        : `Ruled ${rulingWord(correct)}${note ? ', with the note' : ''}`;
    });
    return true;
  }

  /** Put back what stood here before the last ruling; false where nothing was ruled in this view. */
  undo(): boolean {
    const before = this._before();
    if (before === undefined) {
      return false;
    }
    this._save(before?.correct ?? null, before?.note ?? '', () => {
      this._remember(undefined);
      return before === null
        ? 'Undone: no ruling'
        : `Undone: ruled ${rulingWord(before.correct)} as before`;
    });
    return true;
  }

  /** `done` says what has come of it. */
  private _save(
    correct: boolean | null,
    note: string,
    done: () => string
  ): void {
    const row = this._row!;
    const key = this._key;
    setText(this._status, 'is being saved');
    void this._send!({ id: row.id, repeat: row.repeat, correct, note }).then(
      () => {
        // The reader may be at another answer by now.
        if (key === this._key) {
          this._isTyped = false;
          setText(this._status, done());
          this._drawButtons();
        }
      },
      error => {
        if (key === this._key) {
          setText(this._status, oneLine(`Not saved: ${error}`, 400));
        }
      }
    );
  }

  /** What stood here before the last ruling, null: none; undefined: there was no ruling, or it is undone. */
  private _before(): SampleView['ruling'] | undefined {
    return this._send === null
      ? undefined
      : BEFORE.get(this._send)?.get(this._key);
  }

  private _remember(before: SampleView['ruling'] | undefined): void {
    const send = this._send;
    if (send === null) {
      return;
    }
    const known = BEFORE.get(send) ?? new Map<string, SampleView['ruling']>();
    BEFORE.set(send, known);
    if (before === undefined) {
      known.delete(this._key);
    } else {
      known.set(this._key, before);
    }
  }

  private _drawButtons(): void {
    const ruling = this._row?.ruling ?? null;
    this._undo.hidden = this._before() === undefined;
    this._back.hidden = ruling === null || !this._undo.hidden;
    if (!this._isTyped && this._note.value !== (ruling?.note ?? '')) {
      this._note.value = ruling?.note ?? '';
    }
  }

  /** Put the cursor into the note; false where none can be written. */
  focusNote(): boolean {
    if (this._send === null) {
      return false;
    }
    this._note.focus();
    return true;
  }

  /** A note belongs to a ruling: it is kept until there is one. */
  private _saveNote(): void {
    const ruling = this._row?.ruling ?? null;
    if (ruling !== null) {
      this.rule(ruling.correct);
    } else {
      setText(this._status, 'the note is saved with ✓ or ✗');
      this._right.focus();
    }
  }

  private _key = '';
  private _row: SampleView | null = null;
  private _send: Rule | null = null;
  /** Whether the note holds what the reader has typed and not sent: no update may take it away. */
  private _isTyped = false;
  private _right: HTMLButtonElement;
  private _wrong: HTMLButtonElement;
  private _back: HTMLButtonElement;
  private _undo: HTMLButtonElement;
  private _note: HTMLInputElement;
  private _buttons: HTMLElement;
  private _said = el('span', { class: 'qwq-ruling-said' });
  private _status = el('span', { class: 'qwq-ruling-status', role: 'status' });
}

export function saidOf(ruling: { correct: boolean; note: string }): string {
  const said = `Your ruling: ${ruling.correct ? '✓ right' : '✗ not right'}`;
  return ruling.note ? `${said}, “${oneLine(ruling.note, 400)}”` : said;
}

/** A reader's ruling in a line of a list: `✎ right · `; nothing where there is none. */
export function ruledOf({ ruling }: SampleView): string {
  if (ruling === null) {
    return '';
  }
  const note = ruling.note ? ` “${oneLine(ruling.note, 60)}”` : '';
  return `✎ ${rulingWord(ruling.correct)}${note} · `;
}

/**
 * What is pressed in a line of a list to rule on its answer. It is for the mouse alone: a line is an option, which can
 * hold no buttons, and keys do the same.
 */
export function ruleMarks(): HTMLElement {
  const mark = (correct: boolean): HTMLElement =>
    el(
      'span',
      {
        class: 'qwq-rule-mark',
        'data-rules': correct ? 'right' : 'wrong',
        title: correct
          ? 'Rule that the answer is right (y)'
          : 'Rule that it is not right (n)'
      },
      correct ? '✓' : '✗'
    );
  return el(
    'span',
    { class: 'qwq-rule-marks', 'aria-hidden': 'true' },
    mark(true),
    mark(false)
  );
}
