/** A fold with a text: an answer, or a reasoning cut into thoughts, with its turns and the gold value's first mention. */
import { visible } from '../clean';
import { button, el, reconcile, setAttribute, setText } from '../dom';
import { Matcher } from '../search';
import { cutThoughts, firstMention, IRange, IThought } from '../thoughts';
import { number } from '../wording';
import { blocksOf, hitsOf, IMark, renderBlock } from './prose';
import { LazyTypesetter } from './typeset';

/** More is not drawn: it can be opened as a file. */
const SHOWN = 2_000_000;

export interface IText {
  /** As the model wrote it. */
  text: string;
  /** What stands in the fold's title beside its name. */
  facts: string[];
  /** A sentence about what is missing, or empty. */
  note: string;
  /** The gold value, empty where it is not to be looked for. */
  gold: string;
  matcher: Matcher | null;
}

export class TextFold {
  readonly node: HTMLDetailsElement;

  /** `thoughts`: whether the text is a reasoning. `toggled` hears of a fold that the reader opens or closes. */
  constructor(
    name: string,
    thoughts: boolean,
    typesetter: LazyTypesetter,
    open: boolean,
    toggled: (open: boolean) => void
  ) {
    this._name = name;
    this._asThoughts = thoughts;
    this._typesetter = typesetter;
    this.node = el(
      'details',
      { class: 'qwq-fold', open },
      this._summary,
      this._note,
      this._places,
      this._body
    );
    this._summary.addEventListener('click', () => toggled(!this.node.open));
    this.node.addEventListener('toggle', () => this._draw());
  }

  update(text: IText): void {
    this._isNew =
      this._text?.text !== text.text ||
      this._text.gold !== text.gold ||
      this._text.matcher !== text.matcher;
    this._pending = this._pending || this._isNew;
    this._text = text;
    this.node.hidden = text.text === '' && text.note === '';
    setText(this._note, text.note);
    this._note.hidden = text.note === '';
    if (this._isNew) {
      this._prepare();
    }
    setText(this._summary, this._title());
    this._draw();
  }

  private _prepare(): void {
    const { text, gold, matcher } = this._text!;
    this._shown = visible(text.slice(0, SHOWN));
    this._hits = hitsOf(this._shown, matcher);
    this._thoughts = this._asThoughts
      ? cutThoughts(this._shown)
      : [{ start: 0, end: this._shown.length, phrase: null }];
    this._mention =
      this._asThoughts && gold ? firstMention(this._shown, gold) : null;
  }

  private _title(): string {
    const parts = [this._name, ...this._text!.facts];
    if (this._asThoughts && this._thoughts.length > 1) {
      parts.push(`${number(this._thoughts.length)} thoughts`);
    }
    if (this._hits.length) {
      parts.push(`${number(this._hits.length)} found`);
    }
    return parts.join(' · ');
  }

  private _draw(): void {
    if (!this.node.open || !this._pending || this._text === null) {
      return;
    }
    this._pending = false;
    this._measure(this._text.matcher);
    reconcile(
      this._body,
      this._thoughts.map((thought, index) => ({ thought, index })),
      ({ thought, index }) => `${index} ${thought.start}`,
      ({ index }) =>
        el(
          'section',
          { class: 'qwq-thought' },
          this._asThoughts &&
            el(
              'span',
              { class: 'qwq-number', 'aria-hidden': 'true' },
              index + 1
            ),
          el('div', { class: 'qwq-text' })
        ),
      (node, { thought }) =>
        this._drawBlocks(node.lastElementChild as HTMLElement, thought)
    );
    if (this._asThoughts) {
      this._drawPlaces();
    }
  }

  /** A block that a search draws anew takes the height of the one before it: nothing moves under a reader's eyes. */
  private _measure(matcher: Matcher | null): void {
    this._heights.clear();
    if (matcher !== this._drawnMatcher) {
      this._drawnMatcher = matcher;
      for (const block of this._body.querySelectorAll<HTMLElement>(
        '.qwq-block'
      )) {
        this._heights.set(block.dataset.start!, block.offsetHeight);
      }
    }
  }

  private _drawBlocks(parent: HTMLElement, thought: IThought): void {
    const marks: IMark[] = [];
    if (thought.phrase !== null) {
      marks.push({
        ...thought.phrase,
        kind: 'switch',
        title: 'a turn in the reasoning'
      });
    }
    const mention = this._mention;
    if (
      mention !== null &&
      mention.start < thought.end &&
      mention.end > thought.start
    ) {
      marks.push({
        ...mention,
        kind: 'mention',
        title: 'the gold answer’s first mention'
      });
    }
    const within = ({ start, end }: IRange): IMark[] =>
      [...marks, ...this._hits].filter(m => m.start < end && m.end > start);
    reconcile(
      parent,
      blocksOf(this._shown, thought.start, thought.end),
      block =>
        [block, ...within(block)].map(r => `${r.start} ${r.end}`).join(' '),
      block => {
        const node = renderBlock(this._shown, block, within(block));
        const height = this._heights.get(String(block.start));
        node.dataset.start = String(block.start);
        if (height) {
          node.style.containIntrinsicSize = `auto ${height}px`;
        }
        this._typesetter.watch(node);
        return node;
      }
    );
  }

  /** A strip with the thoughts' lengths, and buttons that lead to places of interest. */
  private _drawPlaces(): void {
    const mention = this._mention;
    const within = mention
      ? this._thoughts.findIndex(({ end }) => mention.start < end)
      : -1;
    const share = mention ? (100 * mention.start) / this._shown.length : 0;
    reconcile(
      this._strip,
      this._thoughts
        .slice(0, 400)
        .map((thought, index) => ({ thought, index })),
      ({ index }) => String(index),
      ({ index }) => {
        const part = el('span');
        part.addEventListener('click', () =>
          this._goTo(this._body.children[index])
        );
        return part;
      },
      (part, { thought, index }) => {
        part.style.flexGrow = String(thought.end - thought.start);
        setAttribute(part, 'title', this._nameOf(thought, index));
      }
    );
    this._strip.hidden = this._thoughts.length < 2;
    this._marker.hidden = mention === null;
    this._marker.style.left = `${share.toFixed(2)}%`;
    this._toMention.hidden = mention === null;
    setText(
      this._toMention,
      `◆ Gold answer first mentioned in thought ${within + 1}, ${number(share)} % in`
    );
    this._toHit.hidden = this._hits.length === 0;
    this._places.hidden =
      this._strip.hidden && this._toMention.hidden && this._toHit.hidden;
  }

  private _nameOf(thought: IThought, index: number): string {
    const { phrase } = thought;
    const words = phrase
      ? `: ${this._shown.slice(phrase.start, phrase.end)}`
      : '';
    return `Thought ${index + 1}${words}, ${number(thought.end - thought.start)} characters`;
  }

  private _goTo(place: Element | null | undefined): void {
    // Not scrollIntoView: it would scroll the notebook too.
    const scroller = this.node.closest('.qwq-detail');
    if (place && scroller) {
      const offset =
        place.getBoundingClientRect().top -
        scroller.getBoundingClientRect().top;
      scroller.scrollTop += offset - scroller.clientHeight / 3;
    }
  }

  private _name: string;
  private _asThoughts: boolean;
  private _typesetter: LazyTypesetter;
  private _summary = el('summary');
  private _note = el('p', { class: 'qwq-note' });
  private _strip = el('div', { class: 'qwq-strip', 'aria-hidden': 'true' });
  private _marker = el('span', { class: 'qwq-marker', 'aria-hidden': 'true' });
  private _toMention = button('', { class: 'qwq-link' }, () =>
    this._goTo(this._body.querySelector('.qwq-mod-mention'))
  );
  private _toHit = button('Next match', { class: 'qwq-link' }, () => {
    const hits = this._body.querySelectorAll('.qwq-mod-hit');
    this._goTo(hits[this._hit++ % Math.max(hits.length, 1)]);
  });
  private _places = el(
    'div',
    { class: 'qwq-places', hidden: true },
    el('div', { class: 'qwq-course' }, this._strip, this._marker),
    this._toMention,
    this._toHit
  );
  private _body = el('div', { class: 'qwq-body' });
  private _text: IText | null = null;
  private _shown = '';
  private _thoughts: IThought[] = [];
  private _mention: { start: number; end: number } | null = null;
  private _hits: IMark[] = [];
  private _heights = new Map<string, number>();
  private _drawnMatcher: Matcher | null = null;
  private _hit = 0;
  private _isNew = false;
  private _pending = false;
}
