/** The plugin beside the renderer: runs in tabs of their own, the panel "QwQ runs", commands and settings. */
import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  InputDialog,
  showDialog,
  WidgetTracker
} from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Widget } from '@lumino/widgets';

import { IAnnotation } from '../model/annotations';
/* eslint-disable jupyter/prefer-lazy-imports -- small, and activation needs them at once */
import { ISampleName, markOf, sampleOf } from '../model/permalink';
import {
  FACTORY,
  FILE_TYPE,
  RunFactory,
  RunModelFactory,
  RunTab
} from './document';
import { FigureClicks } from './figure-clicks';
import { join, manifestPath } from './files';
import { FolderFollower } from './folder';
import { runIcon } from './icon';
import { INotebook, setSurroundings } from './notebooks';
import { labelOf } from './run-text';
import { RunsPanel } from './runs-panel';
import { PLUGIN_ID, Settings } from './settings';
import { setTabs } from './tabs';
/* eslint-enable jupyter/prefer-lazy-imports */

const CATEGORY = 'QwQ';

/** What of a notebook's cell is used here. */
interface ICellModel {
  sharedModel: { setSource: (source: string) => void };
}

const COMMANDS = {
  show: 'qwq-nb:show-runs',
  open: 'qwq-nb:open-run',
  refresh: 'qwq-nb:refresh-runs',
  compact: 'qwq-nb:toggle-compact'
};

function activate(
  app: JupyterFrontEnd,
  palette: ICommandPalette | null,
  registry: ISettingRegistry | null,
  restorer: ILayoutRestorer | null,
  browser: IDefaultFileBrowser | null,
  rendermime: IRenderMimeRegistry | null
): void {
  const { commands, docRegistry, serviceManager, shell } = app;
  const { contents } = serviceManager;
  const open = (path: string, factory?: string): void =>
    void commands.execute(
      'docmanager:open',
      factory ? { path, factory } : { path }
    );
  const openAt = async (
    path: string,
    sample: ISampleName,
    mark: IAnnotation['kind'] | null = null
  ): Promise<void> => {
    const tab: unknown = await commands.execute('docmanager:open', {
      path,
      factory: FACTORY
    });
    if (tab instanceof RunTab) {
      tab.content.choose(sample, mark);
    }
  };
  setTabs(openAt);
  const openRun = (folder: string): void => open(manifestPath(folder), FACTORY);

  const follower = new FolderFollower(shell, browser);
  /** Run a line in a new cell of the notebook in front; false where there is none. */
  const insert = (line: string): boolean => {
    const widget = shell.currentWidget as
      | (Widget & { content?: { activeCell?: { model: ICellModel } | null } })
      | null;
    if (!widget?.content?.activeCell) {
      return false;
    }
    void commands.execute('notebook:insert-cell-below').then(() => {
      widget.content!.activeCell!.model.sharedModel.setSource(line);
      return commands.execute('notebook:run-cell');
    });
    return true;
  };
  const panel = new RunsPanel(
    contents,
    follower,
    run => openRun(run.folder),
    insert
  );
  const settings = new Settings(registry, now => {
    panel.refreshSeconds = now.refreshSeconds;
    commands.notifyCommandChanged(COMMANDS.compact);
  });

  // -- the notebook that a view stands in: its kernel, its outputs, its cells ------------------------------------

  setSurroundings({
    contents,
    notebookOf: node => {
      for (const widget of shell.widgets('main')) {
        if (widget.node.contains(node)) {
          const notebook = widget as Widget & Partial<INotebook>;
          return notebook.content?.widgets && notebook.context
            ? (notebook as INotebook)
            : null;
        }
      }
      return null;
    },
    activate: notebook => shell.activateById(notebook.id),
    execute: command => commands.execute(command),
    refreshSeconds: () => settings.now.refreshSeconds
  });

  // -- runs in tabs of their own ----------------------------------------------------------------------------------

  const tracker = new WidgetTracker<RunTab>({
    namespace: 'qwq-nb-run'
  });
  const typesetter = rendermime?.latexTypesetter;
  const factory = new RunFactory({
    contents,
    typeset: typesetter ? node => typesetter.typeset(node) : null,
    open: path => open(path),
    refreshSeconds: () => settings.now.refreshSeconds
  });
  // An address that names a sample leads to it, whatever becomes of the address once Lab has read it.
  const { hash } = window.location;
  let asked = sampleOf(hash);
  const address = window.location.pathname;
  factory.widgetCreated.connect((_, widget) => {
    const place = widget.context.path.split('/').map(encodeURIComponent);
    if (asked !== null && address.endsWith(`/tree/${place.join('/')}`)) {
      widget.content.choose(asked, markOf(hash));
      asked = null;
    }
    widget.context.pathChanged.connect(() => void tracker.save(widget));
    void tracker.add(widget);
  });
  docRegistry.addFileType(FILE_TYPE, ['json']);
  docRegistry.addModelFactory(new RunModelFactory());
  docRegistry.addWidgetFactory(factory);
  void restorer?.restore(tracker, {
    command: 'docmanager:open',
    args: widget => ({ path: widget.context.path, factory: FACTORY }),
    name: widget => widget.context.path
  });

  // A run's folder is named relative to the notebook's, where it lies below it.
  new FigureClicks(document.body, async ({ runDir, id, repeat }) => {
    if (runDir.startsWith('/')) {
      return; // outside what the server shows
    }
    const path = manifestPath(join(follower.folder, runDir));
    await openAt(path, { id, repeat }, 'mention');
  });

  // -- the panel and the commands ---------------------------------------------------------------------------------

  shell.add(panel, 'left', { rank: 900, type: 'QwQ' });
  restorer?.add(panel, panel.id);

  commands.addCommand(COMMANDS.show, {
    label: 'QwQ: Show Runs Panel',
    caption: 'The runs beside the notebook, with state and score',
    icon: runIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => shell.activateById(panel.id)
  });
  commands.addCommand(COMMANDS.refresh, {
    label: 'QwQ: Refresh Runs',
    caption: 'Read the manifests of all runs again',
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => panel.refresh()
  });
  commands.addCommand(COMMANDS.compact, {
    label: 'QwQ: Toggle Compact Density',
    caption: 'Less space between the lines of runs',
    isToggleable: true,
    isToggled: () => settings.now.density === 'compact',
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => settings.toggleCompact()
  });
  commands.addCommand(COMMANDS.open, {
    label: 'QwQ: Open Run…',
    caption: 'Choose one of the runs beside the notebook',
    icon: runIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          folder: {
            type: 'string',
            description: 'The run’s folder; asked for where it is not given'
          }
        }
      }
    },
    execute: async args => {
      const folder =
        typeof args.folder === 'string' ? args.folder : await chooseRun(panel);
      if (folder !== null) {
        openRun(folder);
      }
    }
  });
  for (const command of Object.values(COMMANDS)) {
    palette?.addItem({ command, category: CATEGORY });
  }
}

/** The folder of the run that the reader picks, or null. */
async function chooseRun(panel: RunsPanel): Promise<string | null> {
  await panel.refresh();
  const { runs } = panel;
  if (runs.length === 0) {
    await showDialog({
      title: 'No runs here yet',
      body: '%qwq_eval math_500 in a notebook of this folder makes one.',
      buttons: [Dialog.okButton()]
    });
    return null;
  }
  const { button, value } = await InputDialog.getItem({
    title: 'Open Run',
    label: 'Newest first',
    items: runs.map(labelOf),
    okLabel: 'Open'
  });
  const chosen = runs.find(run => labelOf(run) === value);
  return button.accept && chosen ? chosen.folder : null;
}

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description:
    'Opens the runs of qwq-nb from the file browser, and lists them in a side panel.',
  autoStart: true,
  optional: [
    ICommandPalette,
    ISettingRegistry,
    ILayoutRestorer,
    IDefaultFileBrowser,
    IRenderMimeRegistry
  ],
  activate
};

export default plugin;
