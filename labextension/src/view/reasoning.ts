/** A fold with a text: an answer, or a reasoning cut into thoughts, with its turns and the gold value's first mention. */
import { IAnnotation, IStatement } from '../model/annotations';
import { IMatcher, MARKED } from '../model/search';
import { number } from '../record/format';
import { visible } from '../text/clean';
import { firstMention } from '../text/mention';
import { IMark } from '../text/prose';
import { IRange } from '../text/range';
import { cutThoughts, IThought } from '../text/thoughts';
import { TextBody } from './body';
import { CourseView } from './course';
import { button, el, setText } from './dom';
import { IHitPlace } from './hits';
import { hitsOf } from './prose';
import { bringToSight } from './scroll';
import { STATEMENT_TITLES, TrackView } from './track';
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
  /** What the analysis found, as places in the visible text; null where nothing was measured. */
  annotations: IAnnotation[] | null;
  /** Where the record says that thoughts begin, in the visible text; null where it does not say. */
  switches: number[] | null;
  /** The candidate answers that it states, in order. */
  statements: IStatement[];
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
      this._course.node,
      this._places,
      this._body.node
    );
    this._summary.addEventListener('click', () => toggled(!this.node.open));
    this.node.addEventListener('toggle', () => this._draw());
    this._course.node.hidden = true;
    // The strip stays in sight below the title, however many lines that takes.
    new ResizeObserver(() => {
      const height = this._summary.offsetHeight;
      this.node.style.setProperty('--qwq-title-height', `${height}px`);
    }).observe(this._summary);
  }

  /** Have the strip lead to the statements of a track, and its buttons beside the strip. */
  setTrack(track: TrackView): void {
    this._track = track;
    this._course.node.append(track.steps);
  }

  update(text: IText): void {
    const before = this._text;
    const version = text.matcher?.version ?? 0;
    const isOther =
      before?.text !== text.text ||
      before.gold !== text.gold ||
      String(before.switches) !== String(text.switches) ||
      signatureOf(before.statements) !== signatureOf(text.statements);
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

  /** Open the fold at the first mark of a kind, as the first statement of the gold value; false where there is none. */
  goToMark(kind: IAnnotation['kind']): boolean {
    const first = this._found.find(mark => mark.kind === kind);
    const place = kind === 'mention' ? this._mention : first;
    if (!place || !this.node.isConnected) {
      return false;
    }
    this.node.open = true;
    this._draw();
    bringToSight(this._body.markAt(place.start, kind));
    return true;
  }

  /** Open the fold at a statement of a candidate answer; false where it is not in the text. */
  goToStatement(index: number): boolean {
    const found = this._text?.statements[index];
    if (!found?.range || !this.node.isConnected) {
      return false;
    }
    this.node.open = true;
    this._draw();
    const { start } = found.range;
    const over = this._covering(found.range);
    this._current.forEach(mark => mark.classList.remove('qwq-mod-current'));
    this._current = over
      ? this._body.marksAt(over.start, over.kind)
      : this._body.marksAt(start, found.kind);
    this._current.forEach(mark => mark.classList.add('qwq-mod-current'));
    this._course.setCurrent(index);
    bringToSight(this._current[0] ?? this._body.blockAt(start));
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
    for (const { range, kind } of this._text?.statements ?? []) {
      if (range && range.end <= this._shown.length && !this._covering(range)) {
        marks.push({ ...range, kind, title: STATEMENT_TITLES[kind] });
      }
    }
    if (this._mention !== null && this._found.length === 0) {
      const title = 'the gold answer’s first mention';
      marks.push({ ...this._mention, kind: 'mention', title });
    }
    return marks;
  }

  /** The mark of the analysis in the place of a statement: the first right one, or the one that was left. */
  private _covering({ start, end }: IRange): IAnnotation | undefined {
    return this._found.find(
      mark =>
        (mark.kind === 'mention' || mark.kind === 'left') &&
        mark.start < end &&
        mark.end > start
    );
  }

  /** The strip of the thoughts, and a button that leads to the gold value. */
  private _drawPlaces(): void {
    const mention = this._mention;
    const within = mention
      ? this._thoughts.findIndex(({ end }) => mention.start < end)
      : -1;
    const share = mention ? (100 * mention.start) / this._shown.length : 0;
    this._course.update({
      text: this._shown,
      thoughts: this._thoughts,
      statements: this._text?.statements ?? [],
      mention: mention?.start ?? null
    });
    this._toMention.hidden = mention === null;
    setText(
      this._toMention,
      `◆ Gold answer first mentioned in thought ${number(within + 1)}, ${number(share)} % in`
    );
    this._places.hidden = this._course.legend.hidden && mention === null;
  }

  private _name: string;
  private _asThoughts: boolean;
  private _summary = el('summary');
  private _note = el('p', { class: 'qwq-note' });
  private _current: Element[] = [];
  private _course = new CourseView(
    index =>
      bringToSight(this._body.blockAt(this._thoughts[index]?.start ?? 0)),
    index => void this._track?.show(index)
  );
  private _toMention = button('', { class: 'qwq-link' }, () =>
    bringToSight(this._body.markAt(this._mention?.start ?? 0, 'mention'))
  );
  private _places = el(
    'div',
    { class: 'qwq-places', hidden: true },
    this._toMention,
    this._course.legend
  );
  private _body: TextBody;
  private _track: TrackView | null = null;
  private _text: IText | null = null;
  private _shown = '';
  private _thoughts: IThought[] = [];
  private _mention: IRange | null = null;
  private _found: IAnnotation[] = [];
  private _hits: IMark[] = [];
  private _version = 0;
  private _pending = false;
}

function signatureOf(statements: readonly IStatement[]): string {
  return statements.map(({ kind, range }) => `${kind} ${range?.start}`).join();
}
