/** A fold with a text: an answer, or a reasoning cut into thoughts, with its turns and the gold value's first mention. */
import { IAnnotation } from '../model/annotations';
import { IMatcher, MARKED } from '../model/search';
import { number } from '../record/format';
import { visible } from '../text/clean';
import { firstMention } from '../text/mention';
import { IMark } from '../text/prose';
import { IRange } from '../text/range';
import { cutThoughts, IThought } from '../text/thoughts';
import { TextBody } from './body';
import { button, el, reconcile, setAttribute, setText } from './dom';
import { IHitPlace } from './hits';
import { hitsOf } from './prose';
import { bringToSight } from './scroll';
import { LazyTypesetter } from './typeset';

/** More is not drawn: it can be opened as a file. */
const SHOWN = 2_000_000;
/** Parts of the strip: of more thoughts several are one part. */
const PARTS = 400;

export interface IText {
  /** As the model wrote it. */
  text: string;
  /** What stands in the fold's title beside its name. */
  facts: string[];
  /** A sentence about what is missing, or empty. */
  note: string;
  /** The gold value, empty where it is not to be looked for. */
  gold: string;
  /** What the analysis found, as places in the visible text; null where nothing was measured. */
  annotations: IAnnotation[] | null;
  /** Where the record says that thoughts begin, in the visible text; null where it does not say. */
  switches: number[] | null;
  matcher: IMatcher | null;
  /** As typed, without Markdown and formulas. */
  raw: boolean;
}

export class TextFold implements IHitPlace {
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
    this._body = new TextBody(typesetter, thoughts);
    this.node = el(
      'details',
      { class: 'qwq-fold', open },
      this._summary,
      this._note,
      this._places,
      this._body.node
    );
    this._summary.addEventListener('click', () => toggled(!this.node.open));
    this.node.addEventListener('toggle', () => this._draw());
  }

  update(text: IText): void {
    const before = this._text;
    const version = text.matcher?.version ?? 0;
    const isOther =
      before?.text !== text.text ||
      before.gold !== text.gold ||
      String(before.switches) !== String(text.switches);
    const isSearched =
      isOther || before.matcher !== text.matcher || this._version !== version;
    this._version = version;
    this._pending = this._pending || isSearched || before.raw !== text.raw;
    this._text = text;
    this.node.hidden = text.text === '' && text.note === '';
    setText(this._note, text.note);
    this._note.hidden = text.note === '';
    if (isOther) {
      this._prepare();
    }
    if (isSearched) {
      this._hits = hitsOf(this._shown, text.matcher);
    }
    setText(this._summary, this._title());
    this._draw();
  }

  /** Open the fold at the first statement of the gold value; false where there is none. */
  goToMention(): boolean {
    if (this._mention === null || !this.node.isConnected) {
      return false;
    }
    this.node.open = true;
    this._draw();
    bringToSight(this._body.markAt(this._mention.start, 'mention'));
    return true;
  }

  get hits(): number {
    return this.node.hidden ? 0 : this._hits.length;
  }

  get hasMoreHits(): boolean {
    return this._hits.length >= MARKED;
  }

  openHit(index: number): Element[] {
    this.node.open = true;
    this._draw();
    const hit = this._hits[index];
    return hit ? this._body.marksAt(hit.start, 'hit') : [];
  }

  dispose(): void {
    this._body.dispose();
  }

  private _prepare(): void {
    const { text, gold, annotations, switches } = this._text!;
    this._shown = visible(text.slice(0, SHOWN));
    this._thoughts = this._asThoughts
      ? cutThoughts(this._shown, switches)
      : [{ start: 0, end: this._shown.length, phrase: null }];
    const within = ({ end }: IAnnotation): boolean => end <= this._shown.length;
    this._found = annotations?.filter(within) ?? [];
    // Not measured yet: then the first place where the value stands, as an answer or not.
    const guess = annotations === null && this._asThoughts && gold !== '';
    this._mention =
      this._found.find(({ kind }) => kind === 'mention') ??
      (guess ? firstMention(this._shown, gold) : null);
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
    const marks = [...this._turns(), ...this._hits];
    this._body.draw(this._shown, this._thoughts, marks, this._text.raw);
    this._drawPlaces();
  }

  /** The marks of the text itself: where it turns, and where it first says the gold value. */
  private _turns(): IMark[] {
    const marks: IMark[] = this._thoughts.flatMap(({ phrase }) =>
      phrase
        ? [{ ...phrase, kind: 'switch', title: 'a turn in the reasoning' }]
        : []
    );
    marks.push(...this._found);
    if (this._mention !== null && this._found.length === 0) {
      const title = 'the gold answer’s first mention';
      marks.push({ ...this._mention, kind: 'mention', title });
    }
    return marks;
  }

  /** A strip with the thoughts' lengths, and buttons that lead to places of interest. */
  private _drawPlaces(): void {
    const mention = this._mention;
    const within = mention
      ? this._thoughts.findIndex(({ end }) => mention.start < end)
      : -1;
    const share = mention ? (100 * mention.start) / this._shown.length : 0;
    const step = Math.ceil(this._thoughts.length / PARTS);
    reconcile(
      this._strip,
      this._thoughts.flatMap((thought, index) =>
        index % step === 0 ? [{ thought, index }] : []
      ),
      ({ index }) => String(index),
      ({ index }) => {
        const part = el('span');
        part.addEventListener('click', () =>
          bringToSight(this._body.blockAt(this._thoughts[index]?.start ?? 0))
        );
        return part;
      },
      (part, { thought, index }) => {
        const next = this._thoughts[index + step]?.start ?? this._shown.length;
        part.style.flexGrow = String(next - thought.start);
        setAttribute(part, 'title', this._nameOf(thought, index));
      }
    );
    this._strip.hidden = this._thoughts.length < 2;
    this._marker.hidden = mention === null;
    this._marker.style.left = `${share.toFixed(2)}%`;
    this._toMention.hidden = mention === null;
    setText(
      this._toMention,
      `◆ Gold answer first mentioned in thought ${number(within + 1)}, ${number(share)} % in`
    );
    this._places.hidden = this._strip.hidden && this._toMention.hidden;
  }

  private _nameOf(thought: IThought, index: number): string {
    const { phrase } = thought;
    const words = phrase
      ? `: ${this._shown.slice(phrase.start, phrase.end)}`
      : '';
    return `Thought ${index + 1}${words}, ${number(thought.end - thought.start)} characters`;
  }

  private _name: string;
  private _asThoughts: boolean;
  private _summary = el('summary');
  private _note = el('p', { class: 'qwq-note' });
  private _strip = el('div', { class: 'qwq-strip', 'aria-hidden': 'true' });
  private _marker = el('span', { class: 'qwq-marker', 'aria-hidden': 'true' });
  private _toMention = button('', { class: 'qwq-link' }, () =>
    bringToSight(this._body.markAt(this._mention?.start ?? 0, 'mention'))
  );
  private _places = el(
    'div',
    { class: 'qwq-places', hidden: true },
    el('div', { class: 'qwq-course' }, this._strip, this._marker),
    this._toMention
  );
  private _body: TextBody;
  private _text: IText | null = null;
  private _shown = '';
  private _thoughts: IThought[] = [];
  private _mention: IRange | null = null;
  private _found: IAnnotation[] = [];
  private _hits: IMark[] = [];
  private _version = 0;
  private _pending = false;
}
