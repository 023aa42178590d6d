/** The list of a comparison's pairs: which side has it right, and what each answered. */
import { IPair, PairsModel } from '../model/pairs';
import { number } from '../record/format';
import { SampleView } from '../record/record';
import { flagWord, outcomeSign, outcomeWord } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import { readable } from '../text/readable';
import { el, reconcile, setAttribute, setText, uniqueId } from './dom';
import { ruledOf, ruleMarks, saidOf } from './ruling';

const LINE = 58; // pixels; as in style/compare.css

export class PairList {
  readonly node: HTMLElement;
  active: string | null = null;

  constructor(
    model: PairsModel,
    choose: (key: string) => void,
    rule: (key: string, side: 0 | 1, correct: boolean) => void
  ) {
    this._model = model;
    this.node = el(
      'div',
      {
        class: 'qwq-list',
        tabindex: 0,
        role: 'group',
        'aria-label': 'Pairs of answers'
      },
      this._empty,
      this._inner
    );
    this.node.addEventListener('click', event => {
      const target = event.target as Element;
      const line = target.closest<HTMLElement>('.qwq-pair');
      const mark = target.closest<HTMLElement>('.qwq-rule-mark');
      if (line?.dataset.key && mark !== null) {
        const side = target.closest('.qwq-pair-side') === line.children[2];
        rule(line.dataset.key, side ? 0 : 1, mark.dataset.rules === 'right');
      } else if (line?.dataset.key) {
        choose(line.dataset.key);
      }
    });
  }

  update(pairs: readonly IPair[]): void {
    this._pairs = pairs;
    this._several =
      new Set(this._model.all().map(({ first }) => first.row.benchmark)).size >
      1;
    this._empty.hidden = pairs.length > 0;
    setAttribute(this.node, 'role', pairs.length ? 'listbox' : 'group');
    reconcile(
      this._inner,
      pairs,
      ({ key }) => key,
      () => make(),
      (node, pair) => this._fill(node, pair)
    );
    this._mark();
  }

  /** Whether the lines have marks that rule on their answers. */
  setRules(can: boolean): void {
    this.node.classList.toggle('qwq-mod-rules', can);
  }

  setActive(key: string | null, reveal: boolean): void {
    this.active = key;
    this._mark();
    const at = this._pairs.findIndex(pair => pair.key === key);
    if (reveal && at >= 0) {
      const { scrollTop, clientHeight } = this.node;
      if (at * LINE < scrollTop) {
        this.node.scrollTop = at * LINE;
      } else if ((at + 1) * LINE > scrollTop + clientHeight) {
        this.node.scrollTop = (at + 1) * LINE - clientHeight;
      }
    }
  }

  /** The key that is `steps` lines from the active one; without one, the first. */
  neighbour(steps: number): string | null {
    const at = this._pairs.findIndex(({ key }) => key === this.active);
    const last = this._pairs.length - 1;
    const to = at < 0 ? 0 : Math.min(Math.max(at + steps, 0), last);
    return this._pairs[to]?.key ?? null;
  }

  get page(): number {
    return Math.max(1, Math.floor(this.node.clientHeight / LINE) - 1);
  }

  private _mark(): void {
    let active: string | null = null;
    for (const node of this._inner.children as Iterable<HTMLElement>) {
      const isActive = node.dataset.key === this.active;
      setAttribute(node, 'aria-selected', String(isActive));
      active = isActive ? node.id : active;
    }
    setAttribute(this.node, 'aria-activedescendant', active);
  }

  private _fill(node: HTMLElement, pair: IPair): void {
    const [id, tokens, first, second] = [...node.children] as HTMLElement[];
    const { runs } = this._model;
    const [a] = [...runs.values()];
    const b = runs.get(pair.b)!;
    const { row } = pair.first;
    const repeat = row.repeat ? ` · repeat ${row.repeat}` : '';
    const against = runs.size > 2 ? ` · ${b.run.title}` : '';
    const prefix = `${row.benchmark}/`;
    const name =
      !this._several && row.id.startsWith(prefix)
        ? row.id.slice(prefix.length)
        : row.id;
    setText(id, oneLine(name + repeat + against, 200));
    setText(
      tokens,
      `${number(tokensOf(row))} / ${number(tokensOf(pair.second.row))} tok`
    );
    fillSide(first, a.run.title, row);
    fillSide(second, b.run.title, pair.second.row);
  }

  private _model: PairsModel;
  private _pairs: readonly IPair[] = [];
  /** Whether ids are told apart by benchmark too. */
  private _several = false;
  private _empty = el('p', { class: 'qwq-empty' }, 'No pair fits.');
  private _inner = el('div', { role: 'presentation' });
}

function make(): HTMLElement {
  const side = (): HTMLElement =>
    el(
      'span',
      { class: 'qwq-pair-side' },
      el('span', { class: 'qwq-pair-sign' }),
      el('span', { class: 'qwq-pair-name' }),
      el('span', { class: 'qwq-pair-said' }),
      ruleMarks()
    );
  return el(
    'div',
    { class: 'qwq-pair', role: 'option', id: uniqueId() },
    el('span', { class: 'qwq-pair-id' }),
    el('span', { class: 'qwq-pair-tokens' }),
    side(),
    side()
  );
}

function fillSide(node: HTMLElement, title: string, row: SampleView): void {
  const [sign, name, said] = [...node.children] as HTMLElement[];
  setAttribute(node, 'data-outcome', row.outcome);
  setText(sign, outcomeSign(row.outcome));
  setText(name, oneLine(title, 60));
  const parts = [
    row.extracted
      ? oneLine(readable(row.extracted), 60)
      : outcomeWord(row.outcome),
    ...row.flags.slice(0, 4).map(flag => oneLine(`⚑ ${flagWord(flag)}`, 60))
  ];
  setText(said, ruledOf(row) + parts.join(' · '));
  setAttribute(
    node,
    'title',
    row.ruling ? saidOf(row.ruling) : oneLine(row.why, 300) || null
  );
}

function tokensOf(row: SampleView): number {
  return row.reasoning_tokens + row.answer_tokens;
}
