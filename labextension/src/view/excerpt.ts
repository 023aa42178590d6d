/** The first match of a search in a sample, as a line of the list has it. */
import { SCOPES } from '../model/search';
import { IExcerpt } from '../model/texts';
import { visible } from '../text/clean';
import { el } from './dom';

/** Put the match and what stands around it into the node, which holds nothing else. */
export function drawExcerpt(node: HTMLElement, excerpt: IExcerpt): void {
  const { part, before, hit, after } = excerpt;
  const signature = JSON.stringify(excerpt);
  if (node.dataset.excerpt !== signature) {
    node.replaceChildren(
      el('span', { class: 'qwq-line-part' }, WORDS[part]),
      ` ${onOneLine(before)}`,
      el('mark', { class: 'qwq-mark qwq-mod-hit' }, onOneLine(hit) || ' '),
      onOneLine(after)
    );
    node.dataset.excerpt = signature;
  }
}

const WORDS: Record<IExcerpt['part'], string> = {
  ...SCOPES,
  rest: 'why'
};

/** Spaces at the ends stay: the match stands in the midst of a sentence. */
function onOneLine(text: string): string {
  return visible(text).replace(/\s+/g, ' ');
}
