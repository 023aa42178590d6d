/** A run's view in a plain element, without JupyterLab. */
import { Widget } from '@lumino/widgets';

import { ITextSource } from '../model/fetcher';
import { RunView } from '../view/run';
import { typeset } from './formulas';

/** A view that is not in the page yet; `source` gives the whole texts, if any. */
export function makeView(source: ITextSource | null): RunView {
  return new RunView({
    typeset,
    locate: null,
    link: null,
    openTab: null,
    memory: null,
    source
  });
}

/** Put the view into the element, as soon as that is in the page itself. Returns what undoes it. */
export function mount(
  view: RunView,
  host: HTMLElement,
  attached: () => void = () => undefined
): () => void {
  let frame = 0;
  const attach = (): void => {
    if (host.isConnected) {
      Widget.attach(view, host);
      attached();
    } else {
      frame = requestAnimationFrame(attach);
    }
  };
  attach();
  return () => {
    cancelAnimationFrame(frame);
    view.dispose();
  };
}
