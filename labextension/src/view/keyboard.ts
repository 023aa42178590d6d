/**
 * Keys: j/k or arrows in the list, Enter to the sample, / to the search, n and N to its matches, Esc out again; y, n and
 * m rule on the sample that is shown (n only while nothing is searched for), u undoes that, and left and right choose
 * the side where there are two, or the answer where a problem has several; , and . lead from one statement of an answer
 * to the next in its reasoning. Heard on the view's node alone.
 *
 * In a notebook's command mode Lab takes j, k and Enter for itself wherever the focus is. The attribute keeps its
 * shortcuts off the view, and is taken away while Ctrl, Alt, Meta or Shift is held: Ctrl+S and Shift+Enter stay Lab's.
 */

const SUPPRESS = 'data-lm-suppress-shortcuts';
const MODIFIERS = ['Control', 'Alt', 'Meta', 'Shift'];

export interface IKeyboardTargets {
  list: HTMLElement;
  detail: HTMLElement;
  focusDetail: () => void;
  /** Null: nothing can be searched. */
  search: HTMLInputElement | null;
  move: (steps: number) => void;
  /** Go so many answers on, among those to the same problem. */
  moveAmongRepeats?: (steps: number) => void;
  page: () => number;
  applySearch: () => void;
  /** Go so many matches on; false where nothing is searched for. */
  hit: (steps: number) => boolean;
  /** Rule that the answer shown is right, or not; false where that cannot be done. */
  rule: (correct: boolean) => boolean;
  /** Undo the last ruling; false where there is none. */
  undo: () => boolean;
  /** Go so many statements of an answer on in the reasoning; false where there is none. */
  statement: (steps: number) => boolean;
  focusNote: () => boolean;
  /** Choose the answer that rulings are on, where two stand side by side. */
  side?: (side: 0 | 1) => boolean;
}

export class KeyboardHandler {
  constructor(node: HTMLElement, targets: IKeyboardTargets) {
    this._node = node;
    this._targets = targets;
    node.setAttribute(SUPPRESS, 'true');
    node.addEventListener('keydown', this);
    node.addEventListener('keyup', this);
    node.addEventListener('focusout', this);
  }

  dispose(): void {
    for (const type of ['keydown', 'keyup', 'focusout']) {
      this._node.removeEventListener(type, this);
    }
  }

  handleEvent(event: Event): void {
    if (!(event instanceof KeyboardEvent)) {
      this._node.setAttribute(SUPPRESS, 'true');
      return;
    }
    const held =
      event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
    if (event.type === 'keyup') {
      if (!held) {
        this._node.setAttribute(SUPPRESS, 'true');
      }
      return;
    }
    if (MODIFIERS.includes(event.key)) {
      this._node.removeAttribute(SUPPRESS);
      return;
    }
    if (
      (held && !isShiftedN(event)) ||
      event.isComposing ||
      event.defaultPrevented
    ) {
      return;
    }
    if (this._handle(event)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  /** Whether the key did something. */
  private _handle(event: KeyboardEvent): boolean {
    const { list, detail, search, applySearch } = this._targets;
    const target = event.target as HTMLElement;
    if (search !== null && target === search) {
      if (
        event.key === 'Escape' ||
        event.key === 'Enter' ||
        event.key === 'ArrowDown'
      ) {
        applySearch();
        list.focus();
        return true;
      }
      return false;
    }
    if (target.matches('input, select, textarea')) {
      return event.key === 'Escape' && this._focus(list);
    }
    if (event.key === '/' && search !== null) {
      search.focus();
      search.select();
      return true;
    }
    if (target === list || detail.contains(target)) {
      const { hit, rule, undo, focusNote, side, statement } = this._targets;
      if (event.key === 'N') {
        return hit(-1);
      }
      if (event.key === 'n' && hit(1)) {
        return true;
      }
      if (event.key === 'y' || event.key === 'n') {
        return rule(event.key === 'y');
      }
      if (event.key === 'm') {
        return focusNote();
      }
      if (event.key === 'u') {
        return undo();
      }
      if (side && ['ArrowLeft', 'ArrowRight'].includes(event.key)) {
        return side(event.key === 'ArrowLeft' ? 0 : 1);
      }
      if (event.key === ',' || event.key === '.') {
        return statement(event.key === '.' ? 1 : -1);
      }
    }
    if (detail.contains(target)) {
      return event.key === 'Escape' && this._focus(list);
    }
    if (target !== list) {
      return event.key === 'Escape' && this._leave();
    }
    return this._handleInList(event);
  }

  private _handleInList(event: KeyboardEvent): boolean {
    const { focusDetail, move, page } = this._targets;
    const steps: Record<string, number> = {
      j: 1,
      ArrowDown: 1,
      k: -1,
      ArrowUp: -1,
      PageDown: page(),
      PageUp: -page(),
      Home: -Infinity,
      End: Infinity
    };
    if (Object.hasOwn(steps, event.key)) {
      move(steps[event.key]);
      return true;
    }
    const { moveAmongRepeats } = this._targets;
    if (moveAmongRepeats && ['ArrowLeft', 'ArrowRight'].includes(event.key)) {
      moveAmongRepeats(event.key === 'ArrowLeft' ? -1 : 1);
      return true;
    }
    if (event.key === 'Enter') {
      focusDetail();
      return true;
    }
    return event.key === 'Escape' && this._leave();
  }

  private _focus(node: HTMLElement): boolean {
    node.focus({ preventScroll: true });
    return true;
  }

  /** Back to the cell, or whatever can have the focus around the view. */
  private _leave(): boolean {
    const around = this._node.parentElement?.closest<HTMLElement>(
      '.jp-Cell, [tabindex]'
    );
    if (around) {
      around.focus({ preventScroll: true });
    }
    if (this._node.contains(document.activeElement)) {
      (document.activeElement as HTMLElement).blur();
    }
    return true;
  }

  private _node: HTMLElement;
  private _targets: IKeyboardTargets;
}

/** The one key that is pressed with Shift: the match before. */
function isShiftedN(event: KeyboardEvent): boolean {
  const { key, ctrlKey, altKey, metaKey } = event;
  return key === 'N' && !ctrlKey && !altKey && !metaKey;
}
