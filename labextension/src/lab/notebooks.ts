/**
 * The notebook in which an output stands: its cells' outputs, its file, and cells run in it.
 *
 * The renderer is told nothing of these; the plugin, which knows the shell, says which notebook an element stands in.
 * Only what every version of Lab's notebook has is used, so that the package of notebooks need not be loaded.
 */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Contents, Kernel } from '@jupyterlab/services';

export type MimeBundle = Record<string, unknown>;

const WIDGET_MIME = 'application/vnd.jupyter.widget-view+json';

interface IOutput {
  data?: MimeBundle;
}

interface IOutputs {
  length: number;
  get: (index: number) => { toJSON: () => IOutput };
  set: (index: number, output: IOutput) => void;
}

interface IRenderers {
  createRenderer: (mimeType: string) => IRenderMime.IRenderer;
  createModel: (options: {
    data: MimeBundle;
    trusted: boolean;
  }) => IRenderMime.IMimeModel;
}

interface ICell {
  node: HTMLElement;
  model: {
    outputs?: IOutputs;
    trusted?: boolean;
    sharedModel: { getSource: () => string; setSource: (text: string) => void };
  };
}

/** A notebook's tab, as far as it is used here. */
export interface INotebook {
  id: string;
  node: HTMLElement;
  context: DocumentRegistry.Context;
  sessionContext?: ISessionContext;
  content: {
    widgets: readonly ICell[];
    activeCellIndex: number;
    activeCell: ICell | null;
    /** The notebook's own: widgets live in one notebook. */
    rendermime?: IRenderers;
  };
}

/** What the plugin knows, and an output's renderer does not. */
export interface ISurroundings {
  contents: Contents.IManager;
  /** The notebook that an element stands in, or null: an output may stand in a tab of its own. */
  notebookOf: (node: HTMLElement) => INotebook | null;
  /** Show the notebook's tab. */
  activate: (notebook: INotebook) => void;
  execute: (command: string) => Promise<unknown>;
  refreshSeconds: () => number;
}

let known: ISurroundings | null = null;

/** Called by the plugin, once. */
export function setSurroundings(found: ISurroundings): void {
  known = found;
}

/** Null where the plugin is switched off, or in a front end that has none. */
export function surroundings(): ISurroundings | null {
  return known;
}

export function notebookOf(node: HTMLElement): INotebook | null {
  return known?.notebookOf(node) ?? null;
}

/** The kernel of the notebook, where there is one that lives. */
export function kernelOf(
  node: HTMLElement
): Kernel.IKernelConnection | null | undefined {
  return notebookOf(node)?.sessionContext?.session?.kernel;
}

/** Draw a widget of the notebook's kernel; null where the output stands in no notebook, or nothing draws widgets. */
export function drawWidget(
  node: HTMLElement,
  id: string
): IRenderMime.IRenderer | null {
  const rendermime = notebookOf(node)?.content.rendermime;
  if (!rendermime) {
    return null;
  }
  try {
    const renderer = rendermime.createRenderer(WIDGET_MIME);
    const source = { version_major: 2, version_minor: 0, model_id: id };
    const data = { [WIDGET_MIME]: source };
    void renderer.renderModel(rendermime.createModel({ data, trusted: true }));
    return renderer;
  } catch {
    return null; // without ipywidgets' extension
  }
}

function cellOf(node: HTMLElement): [INotebook, number] | null {
  const notebook = notebookOf(node);
  const index =
    notebook?.content.widgets.findIndex(cell => cell.node.contains(node)) ?? -1;
  return notebook !== null && index >= 0 ? [notebook, index] : null;
}

/**
 * Replace what the notebook holds of one output, as a kernel's update would; its metadata stay. Returns false where the
 * output stands in no notebook, or in one that cannot be written.
 */
export function replaceOutput(
  node: HTMLElement,
  model: unknown,
  change: (data: MimeBundle) => MimeBundle
): boolean {
  const found = cellOf(node);
  const outputs = found?.[0].content.widgets[found[1]].model.outputs;
  if (!outputs || found![0].context.contentsModel?.writable === false) {
    return false;
  }
  for (let index = 0; index < outputs.length; index++) {
    const item = outputs.get(index);
    if (item === model) {
      const output = item.toJSON();
      outputs.set(index, { ...output, data: change(output.data ?? {}) });
      return true;
    }
  }
  return false;
}

/** The name that the cell gives to the run: `aime` where it holds `aime = %qwq_eval aime24`; empty where none. */
export function variableIn(source: string): string {
  const found = /^[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*%qwq_(?:eval|resume)\b/m;
  return found.exec(source)?.[1] ?? '';
}

/** The line as it belongs into this notebook: with the name that the output's cell gives to the run. */
export function lineFor(node: HTMLElement, line: string): string {
  const found = cellOf(node);
  const source = found
    ? found[0].content.widgets[found[1]].model.sharedModel.getSource()
    : '';
  const name = variableIn(source);
  return name ? `${name} = ${line}` : line;
}

/** A line that sets an endpoint, of plain words: nothing in it is expanded or handed to a shell. */
const ENDPOINT = /^[ \t]*(%qwq_endpoint [\w .,:/=+@%~?&-]{1,500})$/gm;

/** The notebook's last line that sets the endpoint at `url`; empty where there is none. */
export function endpointLine(sources: readonly string[], url: string): string {
  const wanted = url.replace(/\/+$/, '');
  const lines = sources
    .flatMap(source => [...source.matchAll(ENDPOINT)])
    .map(([, line]) => line)
    .filter(line =>
      line.split(' ').some(word => word.replace(/\/+$/, '') === wanted)
    );
  return wanted === '' ? '' : (lines.at(-1) ?? '');
}

/** The option that names the file of problems in the cell's line of the run, ` --data math.jsonl`; empty where none. */
export function dataOption(source: string): string {
  const line = /^.*%qwq_(?:eval|resume)\b.*$/m.exec(source)?.[0] ?? '';
  const found = /[ \t](--data[ =](?:'[\w ./+@%~-]+'|[\w./+@%~-]+))(?=\s|$)/;
  const option = found.exec(line)?.[1];
  return option ? ` ${option}` : '';
}

/** Whether the kernel has the magics: one that has restarted knows neither them nor the endpoint. */
async function isLoaded(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const expression = "'qwq_nb' in get_ipython().extension_manager.loaded";
  const { done } = kernel.requestExecute({
    code: 'pass',
    silent: true,
    store_history: false,
    user_expressions: { loaded: expression }
  });
  const reply = (await done)?.content as
    { user_expressions?: { loaded?: { data?: MimeBundle } } } | undefined;
  return reply?.user_expressions?.loaded?.data?.['text/plain'] === 'True';
}

/**
 * Run the line in a cell of its own below the output's; false where there is no kernel to run it.
 *
 * A kernel that has restarted gets the extension first, the endpoint at `url` and the problems as the notebook itself
 * names them (a run's folder alone is not believed): not in a notebook that its reader does not trust, whose lines may be a stranger's.
 */
export async function runBelow(
  node: HTMLElement,
  line: string,
  url: string
): Promise<boolean> {
  const found = cellOf(node);
  const kernel = found?.[0].sessionContext?.session?.kernel;
  if (!found || !kernel || ['dead', 'unknown'].includes(kernel.status)) {
    return false;
  }
  const [notebook, index] = found;
  const { widgets } = notebook.content;
  const lines = [line];
  if (!(await isLoaded(kernel))) {
    const sources = widgets.map(cell => cell.model.sharedModel.getSource());
    const isOwn = widgets[index].model.trusted === true;
    const endpoint = isOwn ? endpointLine(sources, url) : '';
    lines[0] += isOwn ? dataOption(sources[index]) : '';
    lines.unshift('%load_ext qwq_nb', ...(endpoint ? [endpoint] : []));
  }
  const { activate, execute } = known!;
  activate(notebook);
  notebook.content.activeCellIndex = index;
  await execute('notebook:insert-cell-below');
  const cell = notebook.content.activeCell!;
  cell.model.sharedModel.setSource(lines.join('\n'));
  await execute('notebook:run-cell');
  cell.node.scrollIntoView({ block: 'start', behavior: 'smooth' });
  return true;
}

/** Put a text into a cell of its own below the output's, which is not run; false where the output is in no notebook. */
export async function insertBelow(
  node: HTMLElement,
  text: string
): Promise<boolean> {
  const found = cellOf(node);
  if (!found) {
    return false;
  }
  const [notebook, index] = found;
  known!.activate(notebook);
  notebook.content.activeCellIndex = index;
  await known!.execute('notebook:insert-cell-below');
  notebook.content.activeCell?.model.sharedModel.setSource(text);
  return true;
}
