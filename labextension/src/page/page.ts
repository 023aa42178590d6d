/**
 * A run's report as a page of its own: the record and the texts stand in the page, compressed, and nothing else is
 * needed. `qwq_nb/view/standalone.py` writes the page.
 */
import { isClipped } from '../model/entry';
import { readRecord } from '../record/record';
import { afterPaint } from '../timing';
import { button, el } from '../view/dom';
import { RunView } from '../view/run';
import { TextBlocks, unpack } from './blocks';
import { makeView, mount } from './mount';
import { DEPTHS, isPrintedWhole, PrintDepth, printedSamples } from './print';
import { systemTheme, Theme } from './theme';

const TOO_OLD =
  'This browser is too old for the interactive report: it needs Chrome 103, Firefox 113 or Safari 16.4, or later ones. With JavaScript switched off the page shows the report as plain text and tables.';

/** Of the page around the view, as Python names them. */
const IDS = {
  record: 'qwq-record',
  view: 'qwq-view',
  tools: 'qwq-tools',
  printed: 'qwq-printed'
} as const;

/** Whether this document is such a page. */
export function isReport(): boolean {
  return document.documentElement.dataset.qwqReport !== undefined;
}

/** Show the report. Whatever goes wrong is said in its place. */
export async function openReport(): Promise<void> {
  const host = document.getElementById(IDS.view)!;
  new ThemeSwitch(document.getElementById(IDS.tools)!);
  if (typeof DecompressionStream === 'undefined') {
    host.append(el('p', { class: 'qwq-unknown' }, TOO_OLD));
    return;
  }
  try {
    const packed = document.getElementById(IDS.record)!.textContent ?? '';
    const record = readRecord(await unpack(packed));
    if (record === null) {
      throw new Error('it is of another version');
    }
    const view = makeView(
      new TextBlocks(name => {
        const block = document.getElementById(`qwq-${name}`);
        return block instanceof HTMLScriptElement ? block.textContent : null;
      })
    );
    view.setRecord(record);
    mount(view, host);
    new Printer(view, document.getElementById(IDS.tools)!);
    afterPaint(() => performance.mark('qwq-nb:report'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const sentence = `The report in this page cannot be read: ${why}. The file may be incomplete.`;
    host.replaceChildren(el('p', { class: 'qwq-unknown' }, sentence));
  }
}

/** As the system has it, light, or dark; kept while the page is open. */
class ThemeSwitch {
  constructor(tools: HTMLElement) {
    this._button = button('', { class: 'qwq-chip' }, () => {
      const order = ['system', 'light', 'dark'] as const;
      this._choice = order[(order.indexOf(this._choice) + 1) % order.length];
      this._apply();
    });
    tools.append(this._button);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () =>
      this._apply()
    );
    this._apply();
  }

  private _apply(): void {
    const theme = this._choice === 'system' ? systemTheme() : this._choice;
    document.documentElement.dataset.theme = theme;
    this._button.textContent = `Theme: ${this._choice}`;
  }

  private _choice: Theme | 'system' = 'system';
  private _button: HTMLButtonElement;
}

/** Puts on paper what the filter shows. Texts are opened first: a browser does not wait for them when it prints. */
class Printer {
  constructor(view: RunView, tools: HTMLElement) {
    this._view = view;
    const depth = el(
      'select',
      {
        class: 'qwq-print-depth',
        'aria-label': 'What is printed of each sample'
      },
      ...Object.entries(DEPTHS).map(([value, label]) =>
        el('option', { value }, label)
      )
    );
    depth.addEventListener('change', () => {
      this._depth = depth.value as PrintDepth;
    });
    this._button = button(
      'Print',
      {
        class: 'qwq-chip',
        title: 'The scores, and the samples that the filter shows'
      },
      () => void this._print()
    );
    tools.prepend(this._button, depth);
    window.addEventListener('beforeprint', () => this._fill());
    window.addEventListener('afterprint', () => this._paper.replaceChildren());
  }

  private async _print(): Promise<void> {
    const { model } = this._view;
    const { entries } = model.selector.select();
    this._button.disabled = true;
    try {
      const wanted = entries.filter(
        (entry, index) =>
          isPrintedWhole(this._depth, index) &&
          isClipped(entry.row) &&
          model.trace(entry.key) === undefined
      );
      await this._view.fetchTexts(wanted);
    } finally {
      this._button.disabled = false;
    }
    window.print();
  }

  private _fill(): void {
    const { model } = this._view;
    const { entries, total } = model.selector.select();
    this._paper.replaceChildren(
      ...printedSamples(entries, total, this._depth, key => model.trace(key))
    );
  }

  private _view: RunView;
  private _button: HTMLButtonElement;
  private _depth: PrintDepth = 'lines';
  private _paper = document.getElementById(IDS.printed)!;
}
