/**
 * Elements from text. Every string goes through `visible` and into a text node: no view writes foreign text past it.
 */
import { count } from '../record/format';
import { visible } from '../text/clean';

type Name =
  | 'class'
  | 'title'
  | 'role'
  | 'type'
  | 'tabindex'
  | 'scope'
  | 'colspan'
  | 'placeholder'
  | 'for'
  | 'id'
  | 'hidden'
  | 'open'
  | 'value'
  | 'download'
  | `aria-${string}`
  | `data-${string}`;
type Attributes = { [K in Name]?: string | number | boolean | null };
type Child = Node | string | number | null | false | undefined;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    setAttribute(node, name as Name, value);
  }
  append(node, ...children);
  return node;
}

export function append(node: Node, ...children: Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) {
      node.appendChild(
        child instanceof Node
          ? child
          : document.createTextNode(visible(String(child)))
      );
    }
  }
}

/** Set, or remove where it is null or false; nothing is touched that is so already. */
export function setAttribute(
  node: Element,
  name: Name,
  value: string | number | boolean | null | undefined
): void {
  if (value === null || value === undefined || value === false) {
    node.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : visible(String(value));
  if (node.getAttribute(name) !== text) {
    node.setAttribute(name, text);
  }
}

/** The node's text; nothing is touched where it is that already. */
export function setText(node: Node, text: string): void {
  const shown = visible(text);
  if (node.textContent !== shown) {
    node.textContent = shown;
  }
}

/**
 * Children by key, in order: those that are there are kept (with focus, scroll and folds), others made or removed.
 */
export function reconcile<T>(
  parent: HTMLElement,
  items: readonly T[],
  keyOf: (item: T) => string,
  make: (item: T) => HTMLElement,
  update?: (node: HTMLElement, item: T) => void
): void {
  const old = new Map<string, HTMLElement>();
  for (const child of [...parent.children] as HTMLElement[]) {
    old.set(child.dataset.key ?? '', child);
  }
  let next = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let node = old.get(key);
    if (node === undefined) {
      node = make(item);
      node.dataset.key = key;
    } else {
      old.delete(key);
    }
    update?.(node, item);
    if (node === next) {
      next = next.nextElementSibling;
    } else {
      parent.insertBefore(node, next);
    }
  }
  for (const node of old.values()) {
    node.remove();
  }
}

/** What stands at the end of a list that is not drawn whole. */
export function moreOf(left: number, noun: string): string {
  return `… and ${count(left, `more ${noun}`)}`;
}

/** A button that does one thing. */
export function button(
  label: string,
  attributes: Attributes,
  onClick: () => void
): HTMLButtonElement {
  const node = el('button', { type: 'button', ...attributes }, label);
  node.addEventListener('click', onClick);
  return node;
}

let ids = 0;

/** An id that no other element of the page has. */
export function uniqueId(): string {
  return `qwq-nb-${++ids}`;
}
