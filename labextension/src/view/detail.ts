/** A sample: its question, and its answers one at a time or all repeats side by side. */
import { IAnnotation } from '../model/annotations';
import { IEntry, isClipped, standingOf } from '../model/entry';
import { IMatcher } from '../model/search';
import { clipped } from '../record/values';
import { oneLine, visible } from '../text/clean';
import { AttemptView, IContext, IFolds } from './attempt';
import { whole } from './clip';
import { button, el, moreOf, reconcile, setAttribute, setText } from './dom';
import { HitBar, IHitPlace } from './hits';
import { Menu } from './menu';
import { defaultFolds } from './preferences';
import { renderProse } from './prose';
import { scrollerOf } from './scroll';
import { signOf, wordOf } from './standing';
import { LazyTypesetter } from './typeset';
import { valuesOf } from './values';

/** In what form a sample is copied, and what the menu calls it. */
export const COPY_FORMS = {
  line: 'Copy the line that shows it',
  link: 'Copy a link to it, in Markdown',
  markdown: 'Copy as Markdown',
  curl: 'Copy as curl',
  json: 'Copy as JSON'
};
export type CopyForm = keyof typeof COPY_FORMS;

export interface IDetailActions {
  choose: (key: string) => void;
  /** Fetch the sample's whole texts although nobody asked (it is asked now). */
  fetch: (entry: IEntry) => void;
  /** Copy the sample; resolves with what to say of it. */
  copy: (entry: IEntry, form: CopyForm) => Promise<string>;
  /** Show the sample in a tab of its own; null where there are none. */
  openTab: ((entry: IEntry) => void) | null;
  /** Let the anchor open the run's file, or hide it. */
  link: (anchor: HTMLAnchorElement, entry: IEntry) => void;
}

/** Of a sample: repeats that can be chosen, and that stand side by side; choices; characters of the question. */
const MOST_REPEATS = 128;
const MOST_BESIDE = 16;
/** Repeats whose numbers stand beside their signs. */
const MOST_NUMBERED = 16;
const MOST_CHOICES = 50;
const LONGEST_QUESTION = 200_000;
const LONGEST_CHOICE = 5_000;

/** Lines of a question that are shown at first; where its drawing is shown too. */
const LINES = 12;
const LINES_DRAWN = 3;
const HEAD_BORDER = 1; // pixels
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
    this._asTyped = button(
      'Raw text',
      {
        class: 'qwq-chip',
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
      el(
        'span',
        { class: 'qwq-head-line' },
        this._outcome,
        // Its end tells it from others: what has no room is left out at its beginning.
        el('code', { class: 'qwq-id-end' }, this._id),
        this._source,
        this._values
      ),
      el(
        'span',
        { class: 'qwq-actions' },
        this._copied,
        this._hits.node,
        this._fetch,
        this._asTyped,
        actions.openTab && this._tabButton(actions.openTab),
        new Menu(
          'Copy ▾',
          'Copy this sample, or open its file',
          ...(Object.keys(COPY_FORMS) as CopyForm[]).map(form =>
            button(COPY_FORMS[form], { class: 'qwq-link' }, () =>
              this._copyEntry(form)
            )
          ),
          this._file
        ).node
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
      el('div', { class: 'qwq-room' }, this._repeatsRow(), this._attempts)
    );
    // It does not bubble, and which box scrolls depends on the width.
    this.node.addEventListener('scroll', () => this._remember(), {
      passive: true,
      capture: true
    });
    new ResizeObserver(() => this._fit()).observe(this.node);
    // The titles of folds stay in sight below it, however many lines it takes.
    new ResizeObserver(() => {
      const height = this._head.offsetHeight - HEAD_BORDER;
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
      entries.length === 0 || !this._questionText.hasChildNodes();
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
        this._scroller.scrollTop = 0;
      }
    } else if (following && this._current().stream) {
      this._follow();
    }
  }

  /** Put back what an element loses when it is taken out of the page. */
  restore(): void {
    if (this._scrollTop > 0) {
      this._scroller.scrollTop = this._scrollTop;
    }
  }

  /** What the keys of a reader scroll: the reasoning where it is a column, else all of it. */
  focus(): void {
    const scroller = this._scroller;
    if (!scroller.hasAttribute('tabindex')) {
      scroller.tabIndex = -1;
    }
    scroller.focus({ preventScroll: true });
  }

  /** The box in which the reasoning scrolls. */
  private get _scroller(): HTMLElement {
    const reasoning = this._attempts.querySelector('.qwq-column-reasoning');
    return (reasoning && scrollerOf(reasoning)) ?? this.node;
  }

  /** In columns the reasoning is open: it has one to itself. */
  private _fit(): void {
    const style = getComputedStyle(this._attempts);
    const columns = Number(style.getPropertyValue('--qwq-columns')) || 1;
    if (columns !== this._columns) {
      this._columns = columns;
      for (const entry of this._entries) {
        const { reasoning } = this._foldsOf(entry);
        this._views.get(entry.key)?.setReasoningOpen(reasoning);
      }
    }
  }

  /** Which folds are open: as the reader has left them, or else as the settings, the sample and the room say. */
  private _foldsOf(entry: IEntry): IFolds {
    // A stream is there to be watched, and a reasoning that was cut off is all that there is.
    const isAlone = entry.stream !== null || isAllReasoning(entry);
    const own = this._columns > 1 || defaultFolds.reasoning;
    return {
      reasoning: isAlone || (this._folds.reasoning ?? own),
      answer: this._folds.answer ?? defaultFolds.answer
    };
  }

  /** To the end, once everything that this update brings is in the page. */
  private _follow(): void {
    const go = (): void => {
      const scroller = this._scroller;
      scroller.scrollTop = scroller.scrollHeight;
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
    window.clearTimeout(this._timer);
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
    const standing = standingOf(entry);
    setText(this._outcome, `${signOf(standing)} ${wordOf(standing)}`);
    setAttribute(this._outcome, 'data-outcome', standing);
    const source = oneLine(row.source_id, 60);
    setText(this._source, /^\d+$/.test(source) ? `id ${source}` : source);
    this._source.hidden = row.source_id === '' || row.source_id === row.id;
    this._source.classList.toggle('qwq-where-wide', row.source_id.length > 14);
    setText(this._values, entry.stream ? '' : valuesOf(row).join(' · '));
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
      attempted => {
        const { key, stream } = attempted;
        const attempt = new AttemptView(
          this._typesetter,
          this._foldsOf(attempted),
          (name, open) => {
            if (stream === null || name !== 'reasoning') {
              this._folds[name] = open;
            }
          }
        );
        this._views.set(key, attempt);
        return attempt.node;
      },
      (_, attempt) =>
        this._views
          .get(attempt.key)!
          .update(attempt, this._entries.length, context)
    );
    // Beside one answer the question has its column; above several it stands once.
    const view = side ? undefined : this._views.get(entry.key);
    const place = view?.about ?? this._attempts.parentElement!;
    if (this._question.parentElement !== place) {
      if (view) {
        place.prepend(this._question);
      } else {
        place.insertBefore(this._question, this._attempts);
      }
    }
    // Views of samples that were left would be kept with all their text.
    for (const [key, view] of this._views) {
      if (view.node.parentNode !== this._attempts) {
        view.dispose();
        this._views.delete(key);
      }
    }
  }

  /** Open the reasoning at its first mark of a kind; false where there is none to be seen (yet). */
  goToMark(kind: IAnnotation['kind']): boolean {
    return this._views.get(this._key ?? '')?.goToMark(kind) ?? false;
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

  private _tabButton(open: (entry: IEntry) => void): HTMLElement {
    const made = button(
      '⤢',
      {
        class: 'qwq-chip',
        title: 'Open this sample in a tab',
        'aria-label': 'Open in a tab'
      },
      () => this._entries.length && open(this._current())
    );
    made.append(el('span', { class: 'qwq-where-wide' }, 'Open in a tab'));
    return made;
  }

  private _repeatsRow(): HTMLElement {
    this._repeats.append(this._chips, this._more, this._side);
    return this._repeats;
  }

  private _drawRepeats(): void {
    this._repeats.hidden = this._entries.length < 2;
    setText(this._more, this._left > 0 ? moreOf(this._left, 'repeat') : '');
    setAttribute(this._side, 'aria-pressed', String(this._sideBySide));
    const isMany = this._entries.length > MOST_NUMBERED;
    this._chips.classList.toggle('qwq-mod-many', isMany);
    reconcile(
      this._chips,
      this._entries,
      ({ key }) => key,
      ({ key }) =>
        button('', { class: 'qwq-chip' }, () => this._actions.choose(key)),
      (chip, entry) => {
        const standing = standingOf(entry);
        const sign = signOf(standing);
        // Of many the signs alone: all are in sight, and each says its number.
        setText(chip, isMany ? sign : `${sign} ${entry.row.repeat}`);
        setAttribute(chip, 'title', isMany && `Repeat ${entry.row.repeat}`);
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
    const shown = this._questionText;
    shown.replaceChildren();
    if (text) {
      shown.append(renderProse(text, matcher, { raw }));
    }
    if (choices.length) {
      shown.append(
        el(
          'ol',
          { class: 'qwq-choices' },
          ...choices.map(choice =>
            el('li', {}, renderProse(visible(choice), matcher, { raw }))
          )
        )
      );
    }
    this._question.hidden = !shown.hasChildNodes();
    // What follows is in sight; of a maze in tokens its drawing says the same.
    const lines = linesOf([text, ...choices].join('\n'));
    this._shorten(
      entry.row.drawing !== null ? lines > LINES_DRAWN : lines > LINES,
      entry.row.drawing !== null
    );
    this._typesetter.watch(this._question);
  }

  /** Show the beginning of the question, and a button for the rest of it; or all of it. */
  private _shorten(short: boolean, drawn: boolean): void {
    this._question.classList.toggle('qwq-mod-short', short);
    this._question.classList.toggle('qwq-mod-drawn', drawn);
    this._wholeQuestion.hidden = !short;
  }

  private async _copyEntry(form: CopyForm): Promise<void> {
    setText(this._copied, await this._actions.copy(this._current(), form));
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => setText(this._copied, ''), 4_000);
  }

  private _remember(): void {
    const { scrollTop, scrollHeight, clientHeight, isConnected } =
      this._scroller;
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
      openHit: (index: number): Element[] => {
        this._shorten(false, false);
        return marks().slice(index, index + 1);
      }
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
  /** What the reader has opened or closed, for all samples alike. */
  private _folds: Partial<IFolds> = {};
  /** Columns that the pane has room for, as the style says. */
  private _columns = 1;
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
  private _fetch: HTMLButtonElement;
  private _outcome = el('strong', { class: 'qwq-head-outcome' });
  private _id = el('bdi', { class: 'qwq-id' });
  private _source = el('span', {
    class: 'qwq-source-id',
    title: 'The id that the problem has in its benchmark'
  });
  private _values = el('span', { class: 'qwq-head-values' });
  private _copied = el('span', { class: 'qwq-copied', role: 'status' });
  private _timer = 0;
  private _file = el('a', { class: 'qwq-link' }, 'Open the run’s file');
  private _empty = el('p', { class: 'qwq-empty' }, 'No sample is chosen.');
  private _repeats = el('div', {
    class: 'qwq-repeats',
    role: 'group',
    'aria-label': 'Repeats'
  });
  private _chips = el('span', { class: 'qwq-chips' });
  private _more = el('span', { class: 'qwq-more' });
  private _questionText = el('div', { class: 'qwq-question-text' });
  private _wholeQuestion = button(
    'Show the whole question',
    { class: 'qwq-link' },
    () => this._shorten(false, false)
  );
  private _question = el(
    'div',
    { class: 'qwq-question' },
    this._questionText,
    this._wholeQuestion
  );
  private _attempts = el('div', { class: 'qwq-attempts' });
}

/** Whether the sample was cut off before it had an answer. */
function isAllReasoning({ row }: IEntry): boolean {
  return row.outcome === 'truncated' && row.answer_tokens === 0;
}

/** About as many lines as a text takes. */
function linesOf(text: string): number {
  return text
    .split('\n')
    .reduce((sum, line) => sum + 1 + Math.floor(line.length / 80), 0);
}
