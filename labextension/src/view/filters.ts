/** What the list shows: search, and a button with a count for every outcome, level, benchmark and flag. */
import { Standing, STANDINGS } from '../model/entry';
import { Scope, SCOPES } from '../model/search';
import { Facet, IFilter, ISelection, Sort, SORTS } from '../model/selection';
import { count, number } from '../record/format';
import { flagWord } from '../record/vocabulary';
import { oneLine } from '../text/clean';
import {
  button,
  el,
  moreOf,
  reconcile,
  setAttribute,
  setText,
  uniqueId
} from './dom';
import { signOf, wordOf } from './standing';

/** Values that a facet offers; all of them would fill the view. */
const MOST_VALUES = 60;

const TITLES: Record<Facet, string> = {
  standing: 'Outcome',
  subset: 'Level',
  benchmark: 'Benchmark',
  flag: 'Flag'
};

export interface IDeep {
  /** Samples whose whole text is not here, but may be in the run's folder. */
  missing: number;
  /** What to say of the search there, or empty. */
  status: string;
  busy: boolean;
}

export class FiltersView {
  readonly node: HTMLElement;
  readonly search: HTMLInputElement;

  constructor(filter: IFilter, changed: () => void, searchTraces: () => void) {
    this._filter = filter;
    this._changed = changed;
    const problem = uniqueId();
    this.search = el('input', {
      type: 'search',
      class: 'qwq-search',
      placeholder: 'Search the whole run…  ( / )',
      'aria-label': 'Search in samples',
      'aria-describedby': problem,
      'data-lm-suppress-shortcuts': 'true'
    });
    this.search.spellcheck = false;
    this.search.autocomplete = 'off';
    this.search.addEventListener('input', () => {
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => this.apply(), 150);
    });
    this._regex = button(
      '.*',
      {
        class: 'qwq-chip',
        title: 'Regular expression',
        'aria-label': 'Regular expression',
        'aria-pressed': 'false'
      },
      () => {
        filter.regex = !filter.regex;
        this.apply();
      }
    );
    this._scope = select(SCOPES, 'Search in', scope => {
      filter.scope = scope;
      this.apply();
    });
    this._sort = select(SORTS, 'Sort by', sort => {
      filter.sort = sort;
      filter.descending = sort === 'tokens' || sort === 'time';
      this.apply();
    });
    this._direction = button(
      '↓',
      { class: 'qwq-chip', 'aria-label': 'Descending' },
      () => {
        filter.descending = !filter.descending;
        this.apply();
      }
    );
    this._byProblem = button(
      'By problem',
      {
        class: 'qwq-chip',
        title: 'One line per problem, with a mark for each of its answers',
        'aria-pressed': 'true'
      },
      () => {
        filter.byProblem = !filter.byProblem;
        this.apply();
      }
    );
    this._clear = button('Clear filters', { class: 'qwq-chip' }, () =>
      this.clear()
    );
    this._deep = button('', { class: 'qwq-chip' }, searchTraces);
    this._problem = el('span', {
      class: 'qwq-problem',
      id: problem,
      role: 'status'
    });
    this._status = el('span', { class: 'qwq-status', role: 'status' });
    this._found = el('div', { class: 'qwq-found' }, this._deep, this._problem);
    this.node = el(
      'div',
      { class: 'qwq-filters', role: 'search', 'aria-label': 'Filter samples' },
      el(
        'div',
        { class: 'qwq-tools' },
        this.search,
        this._regex,
        el('label', {}, 'in ', this._scope),
        el('label', {}, 'sort ', this._sort),
        this._direction,
        this._byProblem,
        this._status,
        this._clear
      ),
      this._facets,
      this._found
    );
  }

  /** Take over what stands in the search box, at once. */
  apply(): void {
    window.clearTimeout(this._timer);
    this._filter.query = this.search.value;
    this._changed();
  }

  /** Put into the search box what the filter says. */
  show(): void {
    this.search.value = this._filter.query;
  }

  clear(): void {
    this.search.value = '';
    for (const facet of ['standing', 'subset', 'benchmark', 'flag'] as const) {
      this._filter[facet].clear();
    }
    this.apply();
  }

  update(selection: ISelection, subsets: string[], deep: IDeep): void {
    const filter = this._filter;
    setAttribute(this._regex, 'aria-pressed', String(filter.regex));
    this._scope.value = filter.scope;
    this._sort.value = filter.sort;
    setText(this._direction, filter.descending ? '↓' : '↑');
    const direction = filter.descending ? 'Descending' : 'Ascending';
    setAttribute(this._direction, 'aria-label', direction);
    setAttribute(this._direction, 'title', direction);
    this._byProblem.hidden = selection.problemsTotal === null;
    setAttribute(this._byProblem, 'aria-pressed', String(filter.byProblem));
    this._updateFacets(selection, subsets);
    this._updateStatus(selection, deep);
  }

  private _updateFacets(selection: ISelection, subsets: string[]): void {
    const order: Record<Facet, string[]> = {
      standing: STANDINGS,
      subset: partsOf(subsets),
      benchmark: [...selection.values.benchmark],
      flag: [...selection.values.flag].sort()
    };
    const several =
      new Set(order.subset.map(place => place.slice(0, place.indexOf('\0'))))
        .size > 1;
    const facets = (Object.keys(order) as Facet[])
      .map(facet => ({
        facet,
        values: order[facet].filter(
          value =>
            selection.values[facet].has(value) || this._filter[facet].has(value)
        )
      }))
      // A choice between one thing and itself is none; a flag is one all the same.
      .filter(
        ({ facet, values }) => values.length > (facet === 'flag' ? 0 : 1)
      );
    reconcile(
      this._facets,
      facets,
      ({ facet }) => facet,
      ({ facet }) =>
        el(
          'div',
          { class: 'qwq-facet', role: 'group', 'aria-label': TITLES[facet] },
          el(
            'span',
            { class: 'qwq-facet-name', 'aria-hidden': 'true' },
            TITLES[facet]
          ),
          el('span', { class: 'qwq-chips' }),
          el('span', { class: 'qwq-more' })
        ),
      (node, { facet, values }) => {
        const [, chips, more] = [...node.children] as HTMLElement[];
        const drawn = values.filter(
          (value, index) =>
            index < MOST_VALUES || this._filter[facet].has(value)
        );
        const left = values.length - drawn.length;
        setText(more, left > 0 ? moreOf(left, 'value') : '');
        reconcile(
          chips,
          drawn,
          value => value,
          value => this._chip(facet, value),
          (chip, value) => {
            const n = selection.counts[facet].get(value) ?? 0;
            const pressed = this._filter[facet].has(value);
            setText(chip.children[0], nameOf(facet, value, several));
            setText(chip.children[1], number(n));
            setAttribute(chip, 'aria-pressed', String(pressed));
            chip.classList.toggle('qwq-mod-none', n === 0);
          }
        );
      }
    );
  }

  private _chip(facet: Facet, value: string): HTMLElement {
    const chosen = this._filter[facet];
    const chip = button('', { class: 'qwq-chip' }, () => {
      if (!chosen.delete(value)) {
        chosen.add(value);
      }
      this.apply();
    });
    if (facet === 'standing') {
      setAttribute(chip, 'data-outcome', value);
    }
    chip.append(el('span'), el('span', { class: 'qwq-count' }));
    return chip;
  }

  private _updateStatus(selection: ISelection, deep: IDeep): void {
    const { entries, total, searching, problem, notice } = selection;
    const filter = this._filter;
    const filtered =
      filter.query !== '' ||
      filter.standing.size +
        filter.subset.size +
        filter.benchmark.size +
        filter.flag.size >
        0;
    const found = number(entries.length);
    const all = count(total, selection.problems ? 'answer' : 'sample');
    const parts = [filtered ? `${found} of ${all}` : all];
    if (selection.problems && selection.problemsTotal !== null) {
      const { problems, problemsTotal } = selection;
      const named = count(problemsTotal, 'problem');
      parts.unshift(
        filtered ? `${number(problems.length)} of ${named}` : named
      );
    }
    setText(
      this._status,
      searching ? `${found} found, searching…` : parts.join(' · ')
    );
    this._clear.hidden = !filtered;
    setText(this._problem, problem || notice || deep.status);
    this._problem.classList.toggle('qwq-mod-error', problem !== '');
    setAttribute(this.search, 'aria-invalid', problem ? 'true' : null);
    this._deep.hidden =
      !filter.query || problem !== '' || deep.missing === 0 || deep.busy;
    this._found.hidden = this._deep.hidden && !this._problem.textContent;
    setText(
      this._deep,
      `Search the whole texts of ${number(deep.missing)} more in the run’s folder`
    );
  }

  private _filter: IFilter;
  private _changed: () => void;
  private _timer = 0;
  private _regex: HTMLButtonElement;
  private _scope: HTMLSelectElement;
  private _sort: HTMLSelectElement;
  private _direction: HTMLButtonElement;
  private _byProblem: HTMLButtonElement;
  private _clear: HTMLButtonElement;
  private _deep: HTMLButtonElement;
  private _problem: HTMLElement;
  private _status: HTMLElement;
  private _found: HTMLElement;
  private _facets = el('div', { class: 'qwq-facets' });
}

/** The subsets that are not all of their benchmark. */
function partsOf(places: string[]): string[] {
  const benchmarkOf = (place: string): string =>
    place.slice(0, place.indexOf('\0') + 1);
  const parts = new Map<string, number>();
  for (const place of places) {
    const benchmark = benchmarkOf(place);
    parts.set(benchmark, (parts.get(benchmark) ?? 0) + 1);
  }
  return places.filter(place => parts.get(benchmarkOf(place))! > 1);
}

function nameOf(facet: Facet, value: string, several: boolean): string {
  switch (facet) {
    case 'standing':
      return `${signOf(value as Standing)} ${wordOf(value as Standing)}`;
    case 'subset': {
      const [benchmark, subset] = value.split('\0');
      return oneLine(several ? `${benchmark} ${subset}` : subset, 60);
    }
    case 'benchmark':
      return oneLine(value, 60);
    case 'flag':
      return oneLine(`⚑ ${flagWord(value)}`, 60);
  }
}

function select<T extends string>(
  options: Record<T, string>,
  label: string,
  choose: (value: T) => void
): HTMLSelectElement {
  const node = el(
    'select',
    { 'aria-label': label },
    ...Object.entries<string>(options).map(([value, name]) =>
      el('option', { value }, name)
    )
  );
  node.addEventListener('change', () => choose(node.value as T));
  return node;
}

export type { Scope, Sort };
