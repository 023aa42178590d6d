/** A sample: its question, and its answers one at a time or all repeats side by side. */
import { IEntry, isClipped, standingOf } from '../model/entry';
import { IMatcher } from '../model/search';
import { clipped } from '../record/values';
import { oneLine, visible } from '../text/clean';
import { AttemptView, IContext, IFolds } from './attempt';
import { whole } from './clip';
import { button, el, moreOf, reconcile, setAttribute, setText } from './dom';
import { HitBar, IHitPlace } from './hits';
import { defaultFolds } from './preferences';
import { renderProse } from './prose';
import { signOf, wordOf } from './standing';
import { LazyTypesetter } from './typeset';

export interface IDetailActions {
  choose: (key: string) => void;
  /** Fetch the sample's whole texts although nobody asked (it is asked now). */
  fetch: (entry: IEntry) => void;
  copy: (entry: IEntry) => Promise<boolean>;
  /** Let the anchor open the run's file, or hide it. */
  link: (anchor: HTMLAnchorElement, entry: IEntry) => void;
}

/** Of a sample: repeats that can be chosen, and that stand side by side; choices; characters of the question. */
const MOST_REPEATS = 128;
const MOST_BESIDE = 16;
const MOST_CHOICES = 50;
const LONGEST_QUESTION = 200_000;
const LONGEST_CHOICE = 5_000;

const HEAD_OVERLAP = 7; // pixels: the box's own space at the top, and a border
const NEAR_END = 40; // pixels from the end at which a reader follows the stream

export class DetailView {
  readonly node: HTMLElement;

  constructor(typesetter: LazyTypesetter, actions: IDetailActions) {
    this._typesetter = typesetter;
    this._actions = actions;
    this._side = button(
      'Side by side',
      { class: 'qwq-chip', 'aria-pressed': 'false' },
      () => {
        this._sideBySide = !this._sideBySide;
        this._draw();
      }
    );
    this._copy = button('Copy as JSON', { class: 'qwq-link' }, () =>
      this._copyEntry()
    );
    this._asTyped = button(
      'Raw text',
      {
        class: 'qwq-link',
        'aria-pressed': 'false',
        title:
          'Show texts as the model typed them, without Markdown and formulas'
      },
      () => this._toggleRaw()
    );
    this._fetch = button(
      'Read the whole text from the run’s folder',
      { class: 'qwq-link' },
      () => {
        if (this._entries.length) {
          this._actions.fetch(this._current());
        }
      }
    );
    this._head = el(
      'div',
      { class: 'qwq-detail-head' },
      this._id,
      this._hits.node,
      el(
        'span',
        { class: 'qwq-actions' },
        this._fetch,
        this._asTyped,
        this._copy,
        this._file
      )
    );
    this.node = el('div', {
      class: 'qwq-detail',
      tabindex: -1,
      role: 'region',
      'aria-label': 'Sample'
    });
    this.node.append(
      this._empty,
      this._head,
      this._repeatsRow(),
      this._question,
      this._attempts
    );
    this.node.addEventListener('scroll', () => this._remember(), {
      passive: true
    });
    // The titles of folds stay in sight below it, however many lines it takes.
    new ResizeObserver(() => {
      const height = Math.max(0, this._head.offsetHeight - HEAD_OVERLAP);
      this.node.style.setProperty('--qwq-head-height', `${height}px`);
    }).observe(this._head);
    // A match that is found later does not move who has begun to read.
    for (const type of ['wheel', 'pointerdown', 'keydown']) {
      this.node.addEventListener(type, () => (this._isArriving = false), {
        passive: true
      });
    }
    this.show([], null, null);
  }

  /** All repeats of a sample, and which of them is shown. */
  show(entries: IEntry[], key: string | null, context: IContext | null): void {
    const before = this._id.textContent;
    const shownBefore = this._key;
    // The one that is shown is among them, wherever it stands.
    this._entries = entries.filter(
      (entry, index) => index < MOST_REPEATS || entry.key === key
    );
    this._left = entries.length - this._entries.length;
    this._key = key;
    this._context = context && { ...context, raw: this._raw };
    this._empty.hidden = entries.length > 0;
    for (const node of [this._head, this._repeats, this._attempts]) {
      node.hidden = entries.length === 0;
    }
    // A sample that is still asked has none yet; its box would be empty.
    this._question.hidden =
      entries.length === 0 || !this._question.hasChildNodes();
    if (entries.length === 0 || context === null) {
      return;
    }
    const following = this._atEnd;
    this._draw();
    this._drawHits(`${key}`, context.matcher);
    if (oneLine(this._current().row.id) !== before || key !== shownBefore) {
      // A stream is read at its end, anything else from its beginning.
      const isStream = this._current().stream !== null;
      this._scrollTop = 0;
      this._atEnd = isStream;
      if (isStream) {
        this._follow();
      } else if (shownBefore !== null) {
        this.node.scrollTop = 0;
      }
    } else if (following && this._current().stream) {
      this._follow();
    }
  }

  /** Put back what an element loses when it is taken out of the page. */
  restore(): void {
    if (this._scrollTop > 0) {
      this.node.scrollTop = this._scrollTop;
    }
  }

  /** To the end, once everything that this update brings is in the page. */
  private _follow(): void {
    const go = (): void => {
      this.node.scrollTop = this.node.scrollHeight;
    };
    cancelAnimationFrame(this._frame);
    if (this.node.isConnected) {
      queueMicrotask(go);
    } else {
      this._frame = requestAnimationFrame(go);
    }
  }

  dispose(): void {
    cancelAnimationFrame(this._frame);
    this._views.forEach(view => view.dispose());
  }

  private _current(): IEntry {
    return (
      this._entries.find(({ key }) => key === this._key) ?? this._entries[0]
    );
  }

  private _draw(): void {
    const context = this._context;
    if (context === null || this._entries.length === 0) {
      return;
    }
    const entry = this._current();
    const { row } = entry;
    setText(this._id, oneLine(row.id));
    setAttribute(this.node, 'aria-label', `Sample ${oneLine(row.id)}`);
    setAttribute(this._id, 'title', oneLine(row.source_id) || null);
    this._fetch.hidden =
      !isClipped(row) || context.trace(entry.key) !== undefined;
    this._actions.link(this._file, entry);
    this._drawRepeats();
    this._drawQuestion(entry, context);
    const side = this._sideBySide && this._entries.length > 1;
    this._attempts.classList.toggle('qwq-mod-side', side);
    reconcile(
      this._attempts,
      side ? this._entries.slice(0, MOST_BESIDE) : [entry],
      ({ key }) => key,
      ({ key }) => {
        // A stream is there to be watched, and a reasoning that was cut off is all that there is.
        const folds = this._entries.some(
          e => e.key === key && (e.stream || isAllReasoning(e))
        )
          ? { reasoning: true, answer: this._folds.answer }
          : this._folds;
        const attempt = new AttemptView(this._typesetter, folds);
        this._views.set(key, attempt);
        return attempt.node;
      },
      (_, attempt) =>
        this._views
          .get(attempt.key)!
          .update(attempt, this._entries.length, context)
    );
    // Views of samples that were left would be kept with all their text.
    for (const [key, view] of this._views) {
      if (view.node.parentNode !== this._attempts) {
        view.dispose();
        this._views.delete(key);
      }
    }
  }

  /** Open the reasoning at its first statement of the right answer; false where there is none to be seen (yet). */
  goToMention(): boolean {
    return this._views.get(this._key ?? '')?.goToMention() ?? false;
  }

  /** Go so many matches on in the texts that are shown; false where nothing is searched for. */
  goToHit(steps: number): boolean {
    this._isArriving = false;
    return !this._hits.node.hidden && (this._hits.step(steps) || true);
  }

  /** Who comes with a search, or searches, is led to the first match, as soon as it is there. */
  private _drawHits(key: string, matcher: IMatcher | null): void {
    if (key !== this._hitsKey || matcher !== this._hitsMatcher) {
      this._hitsKey = key;
      this._hitsMatcher = matcher;
      this._hits.reset();
      this._isArriving = matcher !== null;
    }
    const views = [...this._views.values()].filter(({ node }) =>
      this._attempts.contains(node)
    );
    this._hits.update(
      [this._questionHits, ...views.flatMap(view => view.hitPlaces)],
      matcher !== null
    );
    if (this._isArriving && this._hits.total > 0 && this.node.isConnected) {
      this._isArriving = false;
      this._hits.step(1);
    }
  }

  /** Go so many statements of an answer on in the reasoning; false where there is none. */
  goToStatement(steps: number): boolean {
    return this._views.get(this._key ?? '')?.goToStatement(steps) ?? false;
  }

  /** Rule on the answer that is shown; false where that cannot be done. */
  rule(correct: boolean): boolean {
    return this._views.get(this._key ?? '')?.rule(correct) ?? false;
  }

  /** Undo the last ruling on it; false where there is none. */
  undo(): boolean {
    return this._views.get(this._key ?? '')?.undo() ?? false;
  }

  /** Put the cursor into the note on it; false where none can be written. */
  focusNote(): boolean {
    return this._views.get(this._key ?? '')?.focusNote() ?? false;
  }

  private _toggleRaw(): void {
    this._raw = !this._raw;
    setAttribute(this._asTyped, 'aria-pressed', String(this._raw));
    this._context = this._context && { ...this._context, raw: this._raw };
    this._draw();
  }

  private _repeatsRow(): HTMLElement {
    this._repeats.append(this._chips, this._more, this._side);
    return this._repeats;
  }

  private _drawRepeats(): void {
    this._repeats.hidden = this._entries.length < 2;
    setText(this._more, this._left > 0 ? moreOf(this._left, 'repeat') : '');
    setAttribute(this._side, 'aria-pressed', String(this._sideBySide));
    reconcile(
      this._chips,
      this._entries,
      ({ key }) => key,
      ({ key }) =>
        button('', { class: 'qwq-chip' }, () => this._actions.choose(key)),
      (chip, entry) => {
        const standing = standingOf(entry);
        setText(chip, `${signOf(standing)} ${entry.row.repeat}`);
        setAttribute(chip, 'data-outcome', standing);
        setAttribute(chip, 'aria-pressed', String(entry.key === this._key));
        setAttribute(
          chip,
          'aria-label',
          `Repeat ${entry.row.repeat}: ${wordOf(standing)}`
        );
      }
    );
  }

  private _drawQuestion(entry: IEntry, { matcher, raw }: IContext): void {
    const { question } = entry.row;
    const choices = entry.row.choices
      .slice(0, MOST_CHOICES)
      .map(choice => clipped(choice, LONGEST_CHOICE));
    const text =
      question === null
        ? ''
        : visible(clipped(whole(question), LONGEST_QUESTION));
    const version = matcher?.version;
    const signature = JSON.stringify([
      entry.row.id,
      text,
      choices,
      version,
      raw
    ]);
    if (
      signature === this._questionDrawn &&
      matcher === this._questionMatcher
    ) {
      return;
    }
    this._questionDrawn = signature;
    this._questionMatcher = matcher;
    this._question.replaceChildren();
    if (text) {
      this._question.append(renderProse(text, matcher, { raw }));
    }
    if (choices.length) {
      this._question.append(
        el(
          'ol',
          { class: 'qwq-choices' },
          ...choices.map(choice =>
            el('li', {}, renderProse(visible(choice), matcher, { raw }))
          )
        )
      );
    }
    this._question.hidden = !this._question.hasChildNodes();
    // A maze in tokens is long, and its drawing says the same.
    this._question.classList.toggle(
      'qwq-mod-drawn',
      entry.row.drawing !== null
    );
    this._typesetter.watch(this._question);
  }

  private async _copyEntry(): Promise<void> {
    const done = await this._actions.copy(this._current());
    setText(this._copy, done ? 'Copied' : 'Not copied: the browser forbids it');
    window.setTimeout(() => setText(this._copy, 'Copy as JSON'), 2_000);
  }

  private _remember(): void {
    const { scrollTop, scrollHeight, clientHeight, isConnected } = this.node;
    if (isConnected && clientHeight > 0) {
      this._scrollTop = scrollTop;
      this._atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    }
  }

  private _questionHits: IHitPlace = (() => {
    const marks = (): Element[] => [
      ...this._question.querySelectorAll('.qwq-mod-hit')
    ];
    return {
      get hits(): number {
        return marks().length;
      },
      hasMoreHits: false,
      openHit: (index: number): Element[] => marks().slice(index, index + 1)
    };
  })();
  private _hits = new HitBar();
  private _hitsKey = '';
  private _hitsMatcher: IMatcher | null = null;
  /** Whether the first match is to be gone to when it is there. */
  private _isArriving = false;
  private _typesetter: LazyTypesetter;
  private _actions: IDetailActions;
  private _entries: IEntry[] = [];
  /** Repeats beyond those. */
  private _left = 0;
  private _key: string | null = null;
  private _context: IContext | null = null;
  private _views = new Map<string, AttemptView>();
  /** What the reader has not opened or closed is as the settings say. */
  private _folds: IFolds = Object.create(defaultFolds);
  private _sideBySide = false;
  private _raw = false;
  private _questionDrawn = '';
  private _questionMatcher: IMatcher | null = null;
  private _scrollTop = 0;
  private _frame = 0;
  private _atEnd = true;
  private _head: HTMLElement;
  private _side: HTMLButtonElement;
  private _asTyped: HTMLButtonElement;
  private _copy: HTMLButtonElement;
  private _fetch: HTMLButtonElement;
  private _id = el('code', { class: 'qwq-id' });
  private _file = el('a', { class: 'qwq-link' }, 'Open the run’s file');
  private _empty = el('p', { class: 'qwq-empty' }, 'No sample is chosen.');
  private _repeats = el('div', {
    class: 'qwq-repeats',
    role: 'group',
    'aria-label': 'Repeats'
  });
  private _chips = el('span', { class: 'qwq-chips' });
  private _more = el('span', { class: 'qwq-more' });
  private _question = el('div', { class: 'qwq-question' });
  private _attempts = el('div', { class: 'qwq-attempts' });
}

/** Whether the sample was cut off before it had an answer. */
function isAllReasoning({ row }: IEntry): boolean {
  return row.outcome === 'truncated' && row.answer_tokens === 0;
}
