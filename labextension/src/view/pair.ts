/** One problem as two runs answered it: the question, and below it both answers side by side. */
import { IEntry } from '../model/entry';
import { commonOpening, IPair } from '../model/pairs';
import { number } from '../record/format';
import { clipped } from '../record/values';
import { oneLine, visible } from '../text/clean';
import { AttemptView, IContext, IFolds } from './attempt';
import { whole } from './clip';
import { button, el, setAttribute, setText } from './dom';
import { HitBar } from './hits';
import { defaultFolds } from './preferences';
import { renderProse } from './prose';
import { LazyTypesetter } from './typeset';

const LONGEST_QUESTION = 200_000;
const LONGEST_CHOICE = 5_000;
const MOST_CHOICES = 50;
/** Characters that two reasonings must share before that is said: fewer are chance. */
const WORTH_SAYING = 40;

/** Pixels of the head's border, and that a run's name takes; as in the styles. */
const HEAD_BORDER = 1;
const TITLE_HEIGHT = 26;

/** Of one side: what it is called, and what its parts need. */
export interface ISide {
  title: string;
  context: IContext;
}

export class PairView {
  readonly node: HTMLElement;

  constructor(typesetter: LazyTypesetter) {
    this._typesetter = typesetter;
    this._columns = [0, 1].map(side => {
      const title = el('h4', { class: 'qwq-beside-title' });
      const column = el(
        'section',
        { class: 'qwq-beside', tabindex: -1 },
        title
      );
      column.addEventListener('pointerdown', () => this.choose(side));
      column.addEventListener('focusin', () => this.choose(side));
      return { column, title, view: null as AttemptView | null };
    });
    this.node = el('div', {
      class: 'qwq-detail',
      tabindex: -1,
      role: 'region',
      'aria-label': 'Both answers'
    });
    this.node.append(
      this._empty,
      this._head,
      this._question,
      this._alike,
      el(
        'div',
        { class: 'qwq-besides' },
        ...this._columns.map(({ column }) => column)
      )
    );
    // The names of the runs and the titles of folds stay in sight below it.
    new ResizeObserver(() => {
      const height = Math.max(0, this._head.offsetHeight - HEAD_BORDER);
      this.node.style.setProperty(
        '--qwq-head-height',
        `${height + TITLE_HEIGHT}px`
      );
    }).observe(this._head);
    // A fold that is opened on one side is opened on the other: that is what one compares.
    this.node.addEventListener('toggle', event => this._follow(event), true);
  }

  show(pair: IPair | null, sides: [ISide, ISide] | null): void {
    this._empty.hidden = pair !== null;
    for (const node of [this._head, this._question, this._alike]) {
      node.hidden = pair === null;
    }
    this._columns.forEach(({ column }) => (column.hidden = pair === null));
    this._shown = pair && sides && { pair, sides };
    this._draw();
  }

  private _draw(): void {
    if (this._shown === null) {
      return;
    }
    const { pair } = this._shown;
    const sides = this._shown.sides.map(side => ({
      ...side,
      context: { ...side.context, raw: this._raw }
    })) as [ISide, ISide];
    const isOther = pair.key !== this._key;
    this._key = pair.key;
    const entries = [pair.first, pair.second];
    if (isOther) {
      this.node.scrollTop = 0;
      for (const each of this._columns) {
        each.view?.dispose();
        each.view?.node.remove();
        each.view = new AttemptView(
          this._typesetter,
          this._folds,
          (name, open) => (this._folds[name] = open)
        );
        each.column.append(each.view.node);
      }
      // The verdict to look at is that of the answer that is not right.
      this.choose(pair.kind === 'gained' ? 0 : 1);
    }
    const { row } = pair.first;
    setText(
      this._id,
      oneLine(row.id) + (row.repeat ? ` repeat ${row.repeat}` : '')
    );
    setText(this._what, whatOf(pair, sides));
    this._drawQuestion(pair, sides[0].context);
    entries.forEach((entry, side) => {
      const { title, column, view } = this._columns[side];
      setText(title, oneLine(sides[side].title, 120));
      setAttribute(column, 'aria-label', oneLine(sides[side].title, 120));
      view!.update(entry, 1, sides[side].context);
    });
    this._drawAlike(entries, sides);
    this._drawHits(isOther, sides[0].context.matcher);
  }

  /** Go so many matches on, through both sides; false where nothing is searched for. */
  goToHit(steps: number): boolean {
    this._isArriving = false;
    return !this._hits.node.hidden && (this._hits.step(steps) || true);
  }

  /** The side that keys rule on. */
  choose(side: number): boolean {
    this._chosen = side;
    this._columns.forEach(({ column }, at) =>
      column.classList.toggle('qwq-mod-chosen', at === side)
    );
    return true;
  }

  /** Rule on the answer of the chosen side; false where that cannot be done. */
  rule(correct: boolean): boolean {
    return this._view()?.rule(correct) ?? false;
  }

  undo(): boolean {
    return this._view()?.undo() ?? false;
  }

  /** Go so many statements of an answer on in the reasoning of the chosen side; false where there is none. */
  goToStatement(steps: number): boolean {
    return this._view()?.goToStatement(steps) ?? false;
  }

  focusNote(): boolean {
    return this._view()?.focusNote() ?? false;
  }

  dispose(): void {
    this._columns.forEach(({ view }) => view?.dispose());
  }

  private _view(): AttemptView | null {
    return this._columns[this._chosen].view;
  }

  private _follow(event: Event): void {
    const fold = event.target;
    if (
      !(fold instanceof HTMLDetailsElement) ||
      !fold.classList.contains('qwq-fold')
    ) {
      return;
    }
    const foldsOf = (node: HTMLElement): HTMLDetailsElement[] => [
      ...node.querySelectorAll<HTMLDetailsElement>('details.qwq-fold')
    ];
    const own = this._columns.findIndex(({ column }) => column.contains(fold));
    if (own >= 0) {
      const at = foldsOf(this._columns[own].column).indexOf(fold);
      const other = foldsOf(this._columns[1 - own].column)[at];
      if (other && other.open !== fold.open) {
        other.open = fold.open;
      }
    }
  }

  private _drawQuestion(pair: IPair, { matcher, raw }: IContext): void {
    // The sides may hold it in part only, or one may withhold it.
    const row = [pair.first.row, pair.second.row].find(each => each.question);
    const text = row?.question
      ? visible(clipped(whole(row.question), LONGEST_QUESTION))
      : '';
    const choices = (row?.choices ?? [])
      .slice(0, MOST_CHOICES)
      .map(choice => clipped(choice, LONGEST_CHOICE));
    const drawn = JSON.stringify([pair.key, text, choices, raw]);
    if (drawn === this._drawn && matcher === this._matcher) {
      return;
    }
    this._drawn = drawn;
    this._matcher = matcher;
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
    this._typesetter.watch(this._question);
  }

  /** Who searches is led to the first match on either side, as soon as it is there. */
  private _drawHits(isOther: boolean, matcher: IContext['matcher']): void {
    if (isOther || matcher !== this._hitsMatcher) {
      this._hitsMatcher = matcher;
      this._hits.reset();
      this._isArriving = matcher !== null;
    }
    const places = this._columns.flatMap(({ view }) => view?.hitPlaces ?? []);
    this._hits.update(places, matcher !== null);
    if (this._isArriving && this._hits.total > 0 && this.node.isConnected) {
      this._isArriving = false;
      this._hits.step(1);
    }
  }

  private _drawAlike(entries: IEntry[], sides: [ISide, ISide]): void {
    const [a, b] = entries.map(({ key, row }, side) => {
      const trace = sides[side].context.trace(key)?.reasoning;
      return trace ?? (row.reasoning?.omitted ? '' : row.reasoning?.text) ?? '';
    });
    const alike = commonOpening(a, b);
    const isSame = alike > 0 && alike === a.length && alike === b.length;
    setText(
      this._alike,
      isSame
        ? 'Both reasonings are the same.'
        : alike >= WORTH_SAYING
          ? `Both reasonings begin alike, for ${number(alike)} characters.`
          : ''
    );
    this._alike.hidden = this._alike.textContent === '';
  }

  private _typesetter: LazyTypesetter;
  private _columns: {
    column: HTMLElement;
    title: HTMLElement;
    view: AttemptView | null;
  }[];
  private _folds: IFolds = Object.create(defaultFolds);
  private _shown: { pair: IPair; sides: [ISide, ISide] } | null = null;
  private _raw = false;
  private _asTyped = button(
    'Raw text',
    {
      class: 'qwq-link',
      'aria-pressed': 'false',
      title:
        'Show texts as the models typed them, without Markdown and formulas'
    },
    () => {
      this._raw = !this._raw;
      setAttribute(this._asTyped, 'aria-pressed', String(this._raw));
      this._draw();
    }
  );
  private _key = '';
  private _chosen = 1;
  private _drawn = '';
  private _matcher: IContext['matcher'] = null;
  private _empty = el('p', { class: 'qwq-empty' }, 'No pair is chosen.');
  private _hits = new HitBar();
  private _hitsMatcher: IContext['matcher'] = null;
  private _isArriving = false;
  private _id = el('code', { class: 'qwq-id' });
  private _what = el('span', { class: 'qwq-facts' });
  private _head = el(
    'div',
    { class: 'qwq-detail-head' },
    this._id,
    this._what,
    this._hits.node,
    el('span', { class: 'qwq-actions' }, this._asTyped)
  );
  private _question = el('div', { class: 'qwq-question' });
  private _alike = el('p', { class: 'qwq-note', hidden: true });
}

/** `Only QwQ-32B is right`. */
function whatOf({ kind }: IPair, [a, b]: [ISide, ISide]): string {
  return kind === ''
    ? 'Neither is right'
    : `Only ${oneLine(kind === 'lost' ? a.title : b.title, 60)} is right`;
}
