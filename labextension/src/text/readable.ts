/**
 * A gold or extracted value as a list shows it, where nothing is typeset: `4/3` for `\frac43`, `√29`, `(1 2; 3 4)` for a
 * matrix. By the rules of `qwq_nb/view/readable.py`; `tests/view/markdown_corpus.json` holds both to the same examples.
 */
import { TEX_SIGNS } from '../record/vocabulary';

const LONGEST = 400; // characters of a value that are read

function table(keys: string, signs: string): Record<string, string> {
  return Object.fromEntries([...signs].map((sign, i) => [keys[i], sign]));
}

const RAISED = table('0123456789+-', '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻');
const LOWERED = table('0123456789+-', '₀₁₂₃₄₅₆₇₈₉₊₋');
const FRACTIONS = Object.fromEntries(
  [...'½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞'].map(sign => [
    sign.normalize('NFKC').replace('\u2044', '/'),
    sign
  ])
);
const ROOTS: Record<string, string> = { '3': '∛', '4': '∜' };
const SETS = table('RZNQC', 'ℝℤℕℚℂ');
const BRACKETS: Record<string, string> = {
  p: '()',
  b: '[]',
  B: '\ue001\ue002',
  v: '||',
  V: '‖‖'
};
/** Braces and dollars that are shown, held apart from those that are syntax. */
const HELD = table('{}$', '\ue001\ue002\ue003');
const SIMPLE = /^-?[\p{L}\p{N}_.]*(?:[√∛∜](?:[\p{L}\p{N}_]+|\([^()]*\)))?$/u;

/** What is not known stays as typed. */
export function readable(value: string): string {
  let text = value.slice(0, LONGEST).trim();
  if (!/[\\^_$~]/.test(text)) {
    return text;
  }
  text = text
    .replace(/\\([$%&#_{}])/g, (_, sign: string) => HELD[sign] ?? sign)
    .replace(/\$/g, '')
    .replace(/\\(?:left|right|displaystyle|[bB]igg?)(?![A-Za-z])\s*/g, '')
    .replace(/\\begin\{([pbBvV])matrix\}(.*?)\\end\{\1matrix\}/gs, matrix)
    .replace(/\\[,;: ]|~/g, ' ')
    .replace(/\\!/g, '')
    .replace(
      /\\(?:boxed|text|textbf|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}/g,
      '$1'
    )
    .replace(/\\mathbb\s*\{?([RZNQC])\}?/g, (_, set: string) => SETS[set])
    .replace(/\\(ln|log|sin|cos|tan|cot)(?![A-Za-z])\s*/g, '$1 ')
    .replace(/\\([A-Za-z]+)/g, (word, name: string) =>
      Object.hasOwn(TEX_SIGNS, name) ? TEX_SIGNS[name] : word
    )
    // `\frac43` is `\frac{4}{3}`.
    .replace(/\\([dt]?frac|sqrt)\s*(\d)/g, '\\$1{$2}')
    .replace(/\\([dt]?frac\{[^{}]*\})\s*(\d)/g, '\\$1{$2}');
  for (let inside = 0; inside < 4; inside++) {
    text = text
      .replace(/\\sqrt(?:\[([34])\])?\s*\{([^{}]*)\}/g, root)
      .replace(/(\d?)\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, fraction);
  }
  return text
    .replace(/\^\s*\{?\s*°\s*\}?/g, '°')
    .replace(/\^(?:\{([^{}]*)\}|([\p{L}\p{N}_]))/gu, (_, group, one) =>
      script(group ?? one, '^', RAISED)
    )
    .replace(/_(?:\{([^{}]*)\}|([\p{L}\p{N}_]))/gu, (_, group, one) =>
      script(group ?? one, '_', LOWERED)
    )
    .replace(/\ue001/g, '{')
    .replace(/\ue002/g, '}')
    .replace(/\ue003/g, '$')
    .replace(/\s+/g, ' ')
    .replace(/(?<=[([{]) | (?=[)\]},;])/g, '')
    .trim();
}

function matrix(_: string, brackets: string, inner: string): string {
  const rows = inner
    .split('\\\\')
    .filter(row => row.trim())
    .map(row =>
      row
        .split('&')
        .map(cell => cell.trim())
        .join(' ')
    );
  const [opening, closing] = BRACKETS[brackets];
  return `${opening}${rows.join('; ')}${closing}`;
}

function root(_: string, degree: string | undefined, of: string): string {
  const inner = of.trim();
  const isShort = /^(?:\p{N}+|.)$/u.test(inner);
  return (ROOTS[degree ?? ''] ?? '√') + (isShort ? inner : `(${inner})`);
}

function fraction(_: string, whole: string, a: string, b: string): string {
  const [above, below] = [a.trim(), b.trim()];
  const sign = FRACTIONS[`${above}/${below}`];
  if (sign !== undefined) {
    return whole + sign;
  }
  const side = (part: string): string =>
    SIMPLE.test(part) ? part : `(${part})`;
  return `${whole}${whole ? ' ' : ''}${side(above)}/${side(below)}`;
}

function script(
  inner: string,
  sign: string,
  letters: Record<string, string>
): string {
  const text = inner.trim();
  if (text && [...text].every(letter => Object.hasOwn(letters, letter))) {
    return [...text].map(letter => letters[letter]).join('');
  }
  return sign + (text.length === 1 ? text : `(${text})`);
}
