/** Fonts of formulas within a shadow tree (marimo draws widgets in one): a browser takes fonts from the document alone. */

const ID = 'qwq-nb-fonts';

/** Put the fonts of a style sheet into the document, where the element is in a shadow tree. */
export function lendFonts(element: Element, styles: string): void {
  if (
    element.getRootNode() instanceof ShadowRoot &&
    document.getElementById(ID) === null
  ) {
    const style = document.createElement('style');
    style.id = ID;
    style.textContent = (styles.match(/@font-face\s*\{[^}]*\}/g) ?? []).join(
      ''
    );
    document.head.append(style);
  }
}
