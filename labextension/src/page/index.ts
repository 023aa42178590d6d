/** The renderer without JupyterLab, as one ES module: a report's page, and a widget (`anywidget`) in any notebook. */
import 'katex/dist/katex.min.css';
import '../../style/index.css';
import '../../style/standalone.css';

import { isReport, openReport } from './page';
import { render } from './widget';

export { openReport, render };
export default { render };

if (isReport()) {
  void openReport();
}
