/**
 * Where the formulas in a text are, and which of them may be handed to MathJax: `qwq_nb/view/tex.py` in TypeScript.
 *
 * MathJax lets a model link, paint and redefine; so only formulas made of known words are let through: those of
 * `qwq_nb/core/tex_words.json`.
 */
import { TEX_ENVIRONMENTS, TEX_WORDS } from '../record/vocabulary';

const LIMIT = 4_000; // characters of one formula; longer ones are shown as source
const DEPTH = 30;

const OPEN = /\\begin\{([A-Za-z]+\*?)\}|\\boxed\s*\{|\\[([]|\\.|\$\$?/gs;
const INNER = /\\(?:begin|end)\{[^{}]{0,30}\}|\\.|\$\$?|[{}]|\n[ \t]*\n/gs;
/** "Put your answer within \boxed{}": a place to fill, and a tiny square if it were typeset. */
const EMPTY_BOX = /^\\boxed\s*\{\s*\}$/;
const CONTROL = /\\([A-Za-z]+|.)/gs;
const ENV_NAME = /\\(begin|end)\s*(?:\{([^{}]*)\})?/g;
const HSPACE =
  /\\hspace\*?\s*\{\s*\d{0,2}(?:\.\d+)?\s*(?:pt|mm|cm|ex|em|in)\s*\}/g;
const ROW_GAP = /\\\\\s*\[(?!\s*\d{0,2}(?:\.\d+)?\s*(?:pt|mm|ex)\s*\])/;
// Columns may be aligned and ruled; `*{99999}{c}` and `p{99em}` are refused.
const ARRAY =
  /\\begin\{array\}(?!\s*(?:\[[tbc]\])?\s*\{(?:[lcr|:\s]|@\{(?:\\[;,: ])?\}){0,40}\})/;
const BARE_PERCENT = /(?<!\\)((?:\\\\)*)%/g;
const PROSE = /[A-Za-z][a-z]{2,}[ ,]+[a-z]{2,}/; // two words in a row; names of triangles are none
const NO_PROSE = /\\[A-Za-z]+\s*(?:\{[^{}]*\})?/g;

/**
 * `text`, an escaped `dollar`, a formula (`tex`) or one that is refused (`source`). `start` and `end` say where it
 * stands in the text; `shown` is what is drawn of it.
 */
export interface IPiece {
  kind: 'text' | 'dollar' | 'tex' | 'source';
  start: number;
  end: number;
  shown: string;
}

/** Pieces in order. Linear: a text of nothing but openers runs out of allowance. */
export function split(text: string): IPiece[] {
  const pieces: IPiece[] = [];
  let allowance = 2 * text.length + 2_000;
  let position = 0;
  const plain = (end: number): void => {
    if (end > position) {
      const shown = text.slice(position, end);
      pieces.push({ kind: 'text', start: position, end, shown });
    }
  };
  const open = new RegExp(OPEN);
  for (let match = open.exec(text); match !== null; match = open.exec(text)) {
    const opener = match[0];
    const start = match.index;
    if (opener === '\\$') {
      plain(start);
      position = open.lastIndex;
      pieces.push({ kind: 'dollar', start, end: position, shown: '$' });
      continue;
    }
    const [end, steps] = allowance > 0 ? close(text, match) : [-1, 0];
    allowance -= steps;
    if (end < 0) {
      continue;
    }
    plain(start);
    let shown = text.slice(start, end);
    if (EMPTY_BOX.test(shown)) {
      pieces.push({ kind: 'source', start, end, shown });
      position = open.lastIndex = end;
      continue;
    }
    if (opener.startsWith('\\boxed')) {
      shown = `\\(${shown}\\)`;
    }
    shown = shown.replace(BARE_PERCENT, '$1\\%'); // a comment would hide what follows
    pieces.push({ kind: isSafe(shown) ? 'tex' : 'source', start, end, shown });
    position = open.lastIndex = end;
  }
  plain(text.length);
  return pieces;
}

const CLOSERS: Record<string, string> = {
  $: '$',
  $$: '$$',
  '\\(': '\\)',
  '\\[': '\\]'
};

/** Where the formula that `match` opens ends (-1: it is none), and how many tokens were looked at. */
function close(text: string, match: RegExpExecArray): [number, number] {
  const opener = match[0];
  const env = match[1];
  const boxed = opener.startsWith('\\boxed');
  const start = match.index + opener.length;
  if (!Object.hasOwn(CLOSERS, opener) && !boxed && !env) {
    return [-1, 0];
  }
  const closer = CLOSERS[opener] ?? `\\end{${env}}`;
  let depth = boxed ? 1 : 0;
  let nested = 0;
  let steps = 0;
  for (const token of text.slice(start, start + LIMIT).matchAll(INNER)) {
    steps++;
    const found = token[0];
    const at = start + token.index;
    if (found === '{') {
      depth++;
    } else if (found === '}') {
      depth--;
      if (boxed && depth === 0) {
        return [at + 1, steps];
      }
      if (depth < 0) {
        break;
      }
    } else if (found.startsWith('\n')) {
      if (opener !== '\\[' && !env) {
        break;
      }
    } else if (env && found === opener) {
      nested++;
    } else if (depth === 0 && found === closer && nested) {
      nested--;
    } else if (
      depth === 0 &&
      (found === closer || (opener === '$' && found.startsWith('$')))
    ) {
      if (opener === '$' && !isInline(text, start, at)) {
        break;
      }
      return [at + closer.length, steps];
    }
  }
  return [-1, steps];
}

/** Whether `$…$` is a formula and not two prices: pandoc's rule, and no sentence in between. */
function isInline(text: string, start: number, end: number): boolean {
  const body = text.slice(start, end);
  const first = body.charAt(0);
  const last = body.charAt(body.length - 1);
  if (
    !body.trim() ||
    (/\d/.test(first) && (/\s/.test(last) || /\d/.test(text.charAt(end + 1))))
  ) {
    return false;
  }
  if ((/\s/.test(first) || /\s/.test(last)) && !/[\\^_=+{}<>]/.test(body)) {
    return false;
  }
  return !PROSE.test(body.replace(NO_PROSE, '\\'));
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}

/** Whether MathJax may have it: known words and environments only, balanced, not deep, no large or negative gaps. */
export function isSafe(formula: string): boolean {
  if (
    formula.length > LIMIT ||
    countOf(formula, '\\!') > 20 ||
    ROW_GAP.test(formula) ||
    ARRAY.test(formula)
  ) {
    return false;
  }
  for (const [, word] of formula.matchAll(CONTROL)) {
    if (/^[A-Za-z]+$/.test(word) && !TEX_WORDS.has(word)) {
      return false;
    }
  }
  const spaces = formula.match(HSPACE)?.length ?? 0;
  if (countOf(formula, '\\hspace') !== spaces) {
    return false;
  }
  const names = [...formula.matchAll(ENV_NAME)];
  const open: string[] = [];
  for (const [, kind, name] of names) {
    if (name === undefined || !TEX_ENVIRONMENTS.has(name)) {
      return false;
    }
    if (kind === 'begin') {
      open.push(name);
    } else if (open.pop() !== name) {
      return false;
    }
  }
  return open.length === 0 && names.length < 40 && isBalanced(formula);
}

function isBalanced(formula: string): boolean {
  let depth = 0;
  for (const [token] of formula.matchAll(/\\.|[{}]/gs)) {
    depth += token === '{' ? 1 : token === '}' ? -1 : 0;
    if (depth < 0 || depth > DEPTH) {
      return false;
    }
  }
  return depth === 0;
}

/** A gold or extracted value as a formula, or null where it reads better as typed. */
export function valueAsTex(value: string): string | null {
  let bare = value.trim();
  if (bare.startsWith('$') && bare.endsWith('$')) {
    bare = bare.replace(/^\$+|\$+$/g, '');
  }
  const looksLikeTex =
    /\\[A-Za-z]+|\^|_\{|\\[{}!,;]/.test(bare) && !bare.includes('\n');
  const isBare = !/\\[()[\]]|(?<!\\)[$%]/.test(bare);
  const formula = `\\(${bare}\\)`;
  return bare && looksLikeTex && isBare && isSafe(formula) ? formula : null;
}
