/** What a run's view gets of Lab in a notebook's output: formulas typeset, and the run's files found. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

import { TraceError } from '../model/traces';
import type { IRunEnvironment } from '../view/run';
import { BrowserMemory } from './memory';
import { tabs } from './tabs';

export function environmentOf(
  options: Pick<
    IRenderMime.IRendererOptions,
    'latexTypesetter' | 'resolver' | 'linkHandler'
  >
): IRunEnvironment {
  const { latexTypesetter, resolver, linkHandler } = options;
  return {
    typeset: latexTypesetter ? node => latexTypesetter.typeset(node) : null,
    locate: resolver ? path => locate(resolver, path) : null,
    link:
      resolver && linkHandler
        ? async (anchor, path) => {
            const resolved = await serverPath(resolver, path);
            linkHandler.handleLink(anchor, decodeURIComponent(resolved), '');
            anchor.href = await resolver.getDownloadUrl(resolved);
          }
        : null,
    openTab:
      resolver && tabs()
        ? async (path, sample) => {
            const resolved = await serverPath(resolver, path);
            await tabs()?.(decodeURIComponent(resolved), sample);
          }
        : null,
    memory: new BrowserMemory()
  };
}

async function locate(
  resolver: IRenderMime.IResolver,
  path: string
): Promise<string> {
  const url = await resolver.getDownloadUrl(await serverPath(resolver, path));
  // A record says where to look; it does not say on which server.
  if (new URL(url, document.baseURI).origin !== window.location.origin) {
    throw new TraceError('not on this server');
  }
  return url;
}

/** A path of the run as the server knows it: relative ones lie below the notebook's folder. Encoded as in a URL. */
export async function serverPath(
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
