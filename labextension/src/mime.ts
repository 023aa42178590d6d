/** The renderer of `application/vnd.qwq-nb.run.v1+json` in JupyterLab's and Notebook's outputs. */
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { PanelLayout, Widget } from '@lumino/widgets';

import { el } from './dom';
import { MIME_TYPE, readRecord } from './record';
import { TraceError } from './traces';
import { IRunEnvironment, RunView } from './view/run';

/** Lab calls `renderModel` again on the same instance with each update: the view takes it in where it stands. */
class RunRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this.addClass('qwq-Renderer');
    this._options = options;
    this.layout = new PanelLayout();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const record = readRecord(model.data[this._options.mimeType]);
    if (record === null) {
      this._view?.dispose();
      this._view = null;
      const sentence =
        'This run was saved in a form that this version of qwq-nb does not know.';
      this.node.replaceChildren(el('p', { class: 'qwq-unknown' }, sentence));
      return;
    }
    if (this._view === null) {
      this.node.replaceChildren();
      this._view = new RunView(environmentOf(this._options));
      this._view.setRecord(record);
      (this.layout as PanelLayout).addWidget(this._view);
    } else {
      this._view.setRecord(record);
    }
  }

  private _options: IRenderMime.IRendererOptions;
  private _view: RunView | null = null;
}

function environmentOf(options: IRenderMime.IRendererOptions): IRunEnvironment {
  const { latexTypesetter, resolver, linkHandler } = options;
  return {
    typeset: latexTypesetter ? node => latexTypesetter.typeset(node) : null,
    locate: resolver
      ? async path => {
          const url = await resolver.getDownloadUrl(
            await serverPath(resolver, path)
          );
          // A record says where to look; it does not say on which server.
          if (
            new URL(url, document.baseURI).origin !== window.location.origin
          ) {
            throw new TraceError('not on this server');
          }
          return url;
        }
      : null,
    link:
      resolver && linkHandler
        ? async (anchor, path) => {
            const resolved = await serverPath(resolver, path);
            linkHandler.handleLink(anchor, decodeURIComponent(resolved), '');
            anchor.href = await resolver.getDownloadUrl(resolved);
          }
        : null
  };
}

/** A path of the run as the server knows it: relative ones lie below the notebook's folder. Encoded as in a URL. */
async function serverPath(
  resolver: IRenderMime.IResolver,
  path: string
): Promise<string> {
  const encode = (path: string): string =>
    path.split('/').map(encodeURIComponent).join('/');
  if (path.startsWith('/') || /^[a-z]:\//i.test(path)) {
    const found = await resolver.resolvePath?.(path);
    if (found?.scope !== 'server') {
      throw new TraceError('outside the folder that this server shows');
    }
    return encode(found.path);
  }
  return resolver.resolveUrl(encode(path));
}

const extension: IRenderMime.IExtension = {
  id: 'qwq-nb:renderer',
  description: 'Draws the runs of qwq-nb.',
  rendererFactory: {
    safe: true,
    mimeTypes: [MIME_TYPE],
    createRenderer: options => new RunRenderer(options)
  },
  rank: 40,
  dataType: 'json'
};

export default extension;
