/** Formulas set by KaTeX, where there is no MathJax: on a page of its own, and in notebooks other than Jupyter's. */
import katex from 'katex';

/** What a model may do with KaTeX: no links, no classes, no macros without end, no letters as large as the page. */
export const OPTIONS = {
  macros: { '\\mbox': '\\text', '\\idotsint': '\\int\\cdots\\int' },
  throwOnError: true,
  trust: false,
  strict: 'ignore' as const,
  maxExpand: 200,
  maxSize: 20
};

const DELIMITED: readonly [RegExp, boolean][] = [
  [/^\$\$(.*)\$\$$/s, true],
  [/^\$(.*)\$$/s, false],
  [/^\\\((.*)\\\)$/s, false],
  [/^\\\[(.*)\\\]$/s, true],
  [/^(\\begin\{.*)$/s, true]
];

/** A formula with its delimiters → what stands between them, and whether it is a line of its own; null: it is none. */
export function undelimited(source: string): [string, boolean] | null {
  for (const [pattern, isDisplay] of DELIMITED) {
    const found = pattern.exec(source.trim());
    if (found !== null) {
      return [found[1], isDisplay];
    }
  }
  return null;
}

/** Set the formulas in a node. One that KaTeX cannot set stays as it was typed, which is readable. */
export function typeset(node: HTMLElement): void {
  const formulas = node.matches('.qwq-tex')
    ? [node]
    : [...node.querySelectorAll<HTMLElement>('.qwq-tex')];
  for (const formula of formulas) {
    const found = undelimited(formula.textContent ?? '');
    if (found === null || formula.querySelector('.katex') !== null) {
      continue;
    }
    const [tex, displayMode] = found;
    const made = document.createElement('span');
    try {
      // KaTeX writes the macros that a formula defines into those that it is handed.
      const macros = { ...OPTIONS.macros };
      katex.render(tex, made, { ...OPTIONS, macros, displayMode });
    } catch {
      continue;
    }
    formula.replaceChildren(made);
  }
}
