/** Light or dark, where no theme of JupyterLab says it: by the reader's choice, or by what the view stands on. */

export type Theme = 'light' | 'dark';

/** The class that gives Lab's variables their values in `style/standalone.css`. */
const STANDALONE = 'qwq-standalone';

/** What the system is set to. */
export function systemTheme(): Theme {
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** The theme of what lies behind an element, by the first ground that is not transparent. */
export function themeAround(element: Element): Theme {
  for (let node: Node | null = element; node !== null; node = parentOf(node)) {
    if (node instanceof Element) {
      const ground = getComputedStyle(node).backgroundColor;
      const [red, green, blue, alpha] = channels(ground);
      if (alpha > 127) {
        return 0.299 * red + 0.587 * green + 0.114 * blue < 128
          ? 'dark'
          : 'light';
      }
    }
  }
  return systemTheme();
}

/** Red, green, blue and alpha, 0 to 255, of a colour in any form of CSS: marimo's are `color(srgb 1 1 1)`. */
function channels(colour: string): Uint8ClampedArray {
  pixel ??= document
    .createElement('canvas')
    .getContext('2d', { willReadFrequently: true });
  if (pixel === null) {
    return new Uint8ClampedArray(4);
  }
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  return pixel.getImageData(0, 0, 1, 1).data;
}

let pixel: CanvasRenderingContext2D | null | undefined;

/** Also out of a shadow tree. */
function parentOf(node: Node): Node | null {
  return node instanceof ShadowRoot ? node.host : node.parentNode;
}

/** Keep a view in the colours of its surroundings, as they change; in JupyterLab they are Lab's own. Returns the end of it. */
export function followTheme(host: HTMLElement): () => void {
  const look = (): void => {
    const ground = host.parentElement ?? host;
    const isLab =
      getComputedStyle(ground).getPropertyValue('--jp-layout-color1') !== '';
    host.classList.toggle(STANDALONE, !isLab);
    host.dataset.theme = themeAround(ground);
  };
  const observer = new MutationObserver(look);
  const filter = { attributes: true, attributeFilter: ['class', 'style'] };
  const themes = ['theme', 'data-theme', 'data-vscode-theme-kind'];
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, {
      ...filter,
      attributeFilter: [...filter.attributeFilter, ...themes]
    });
  }
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', look);
  look();
  return () => {
    observer.disconnect();
    system.removeEventListener('change', look);
  };
}
