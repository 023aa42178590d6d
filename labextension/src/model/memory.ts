/** What a browser remembers of how a run was looked at: the sample, and the filter. What is read back may be anything. */
import { asObject, asText } from '../record/values';
import { Scope, SCOPES } from './search';
import { FACETS, IFilter, Sort, SORTS } from './selection';

/** Keeps values by name, for this reader; a browser may refuse to, and keeps nothing then. */
export interface IMemory {
  read: (name: string) => unknown;
  write: (name: string, value: unknown) => void;
}

/** Of a run. */
export interface ISeen {
  /** The sample that was shown, by key; empty: none. */
  sample: string;
  filter: IFilter;
}

/** Values of a facet that are taken over, and characters of a query. */
const MOST_VALUES = 200;
const LONGEST = 1_000;

/** The filter as plain values, and the sample beside it. */
export function written({ sample, filter }: ISeen): unknown {
  const { query, regex, scope, sort, descending, byProblem } = filter;
  const facets = FACETS.map(facet => [facet, [...filter[facet]]]);
  return {
    sample,
    query,
    regex,
    scope,
    sort,
    descending,
    byProblem,
    ...Object.fromEntries(facets)
  };
}

/** Put what was written into the filter, as far as it can be one; returns the key of the sample. */
export function restore(stored: unknown, filter: IFilter): string {
  const values = asObject(stored);
  for (const facet of FACETS) {
    const found = values[facet];
    filter[facet].clear();
    for (const value of Array.isArray(found) ? found : []) {
      if (typeof value === 'string' && filter[facet].size < MOST_VALUES) {
        filter[facet].add(value);
      }
    }
  }
  filter.query = asText(values.query).slice(0, LONGEST);
  filter.regex = values.regex === true;
  const scope = asText(values.scope);
  filter.scope = Object.hasOwn(SCOPES, scope) ? (scope as Scope) : 'all';
  const sort = asText(values.sort);
  filter.sort = Object.hasOwn(SORTS, sort) ? (sort as Sort) : 'failures';
  filter.descending = values.descending === true;
  filter.byProblem = values.byProblem !== false;
  return asText(values.sample);
}
