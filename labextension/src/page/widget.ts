/** A run as a widget in any notebook that knows anywidget: VS Code, Colab, marimo, JupyterLab. `qwq_nb/run/widget.py`. */
import { readRecord, RunRecord } from '../record/record';
import { asObject, asText } from '../record/values';
import { el } from '../view/dom';
import { lendFonts } from './fonts';
import { IWidgetModel, Kernel, KernelTexts } from './kernel';
import { makeView, mount } from './mount';
import { followTheme } from './theme';

/** Draw the run; anywidget calls what is returned when the view is closed. */
export function render({
  model,
  el: host
}: {
  model: IWidgetModel;
  el: HTMLElement;
}): () => void {
  const box = el('div', { class: 'qwq-widget' });
  host.append(box);
  const kernel = new Kernel(model);
  const view = makeView(new KernelTexts(kernel));
  let isShown = false;
  let unmount: (() => void) | null = null;
  let unfollow = (): void => undefined;
  const take = (value: unknown): void => {
    const record: RunRecord | null = readRecord(value);
    if (record === null) {
      if (!isShown) {
        box.textContent =
          'This run is in a form that this version of qwq-nb does not know.';
      }
      return;
    }
    if (!isShown) {
      isShown = true;
      box.textContent = '';
    }
    view.setRecord(record);
    unmount ??= mount(view, box, () => {
      lendFonts(box, asText(model.get('_css')));
      unfollow = followTheme(box);
    });
  };
  const whole = (): void => take(model.get('record'));
  const update = (content: unknown): void => {
    const { type, record } = asObject(content);
    if (type === 'update') {
      take(record);
    }
  };
  model.on('change:record', whole);
  model.on('msg:custom', update);
  whole();
  view.setRule(
    model.get('can_rule') === true
      ? async ruling => void (await kernel.ask('rule', { ...ruling }))
      : null
  );
  return () => {
    model.off('change:record', whole);
    model.off('msg:custom', update);
    unfollow();
    kernel.dispose();
    (unmount ?? (() => view.dispose()))();
    box.remove();
  };
}
