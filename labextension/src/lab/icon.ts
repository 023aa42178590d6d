/** The sign of runs: a thought with a tick in it, in the theme's colour. */
import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
<g class="jp-icon3" fill="#616161">
<path d="M12 2.5c-5.2 0-9.5 3.5-9.5 7.9 0 2.5 1.4 4.8 3.7 6.2l-.6 3.9c0 .5.4.8.8.6l4.3-2.9c.4 0 .9.1 1.3.1 5.2 0 9.5-3.5 9.5-7.9S17.2 2.5 12 2.5zm0 2c4.2 0 7.5 2.7 7.5 5.9s-3.3 5.9-7.5 5.9c-.6 0-1.2 0-1.8-.2L7.9 17.5l.3-2c-2.3-1-3.7-2.9-3.7-5.1 0-3.2 3.3-5.9 7.5-5.9z"/>
<path d="M10.8 14.2 7.3 10.7l1.4-1.4 2.1 2.1 4.5-4.5 1.4 1.4z"/>
</g></svg>`;

export const runIcon = new LabIcon({ name: 'qwq-nb:run', svgstr: SVG });
