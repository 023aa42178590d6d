/** A run in the panel's list: its name, state, scores and what tells it from the others, and what can be done with it. */
import { copyIcon, deleteIcon, editIcon } from '@jupyterlab/ui-components';

import { ILabel } from '../record/labels';
import { IRun, isLive } from '../record/manifest';
import { oneLine } from '../text/clean';
import { button, el, reconcile, setAttribute, setText } from '../view/dom';
import {
  isSilent,
  labelOf,
  lineToCopy,
  localTime,
  scoreLines,
  stateLine
} from './run-text';

export interface IRunActions {
  open: () => void;
  copy: () => void;
  edit: () => void;
  remove: () => void;
  select: (isSelected: boolean) => void;
}

/** What the list knows beside a run's manifest. */
export interface IRunContext {
  own: ILabel | undefined;
  /** Names of the settings that are not the same in all runs. */
  differing: readonly string[];
  isSelected: boolean;
  now: number;
}

export function makeItem(actions: IRunActions): HTMLElement {
  const part = (name: string): HTMLElement =>
    el('span', { class: `qwq-runs-${name}` });
  const open = el(
    'button',
    { type: 'button', class: 'qwq-runs-open' },
    ...['name', 'state', 'scores', 'model', 'facts', 'note'].map(part)
  );
  open.addEventListener('click', actions.open);
  const check = el('input', { type: 'checkbox', class: 'qwq-runs-check' });
  check.addEventListener('change', () => actions.select(check.checked));
  const tool = (
    name: string,
    icon: typeof copyIcon,
    act: () => void
  ): HTMLElement => {
    const node = button('', { class: `qwq-runs-button qwq-runs-${name}` }, act);
    icon.element({ container: node, tag: 'span', stylesheet: 'toolbarButton' });
    return node;
  };
  return el(
    'li',
    { class: 'qwq-runs-item' },
    open,
    check,
    el(
      'span',
      { class: 'qwq-runs-tools' },
      tool('edit', editIcon, actions.edit),
      tool('copy', copyIcon, actions.copy),
      tool('delete', deleteIcon, actions.remove)
    )
  );
}

export function drawItem(
  node: HTMLElement,
  run: IRun,
  { own, differing, isSelected, now }: IRunContext
): void {
  const find = (name: string): HTMLElement =>
    node.querySelector<HTMLElement>(`.qwq-runs-${name}`)!;
  const silent = isSilent(run, now);
  setAttribute(node, 'data-state', silent ? 'silent' : run.state);
  const label = own?.label ? oneLine(own.label, 200) : labelOf(run);
  setText(find('name'), label);
  setText(find('state'), stateLine(run, now));
  reconcile(
    find('scores'),
    scoreLines(run),
    ([benchmark]) => benchmark,
    ([benchmark]) =>
      el('span', {}, el('span', {}, benchmark), el('strong', {})),
    (line, [, score]) => setText(line.lastElementChild!, score)
  );
  reconcile(
    find('model'),
    [...(run.demo ? ['demo'] : []), ...(run.model ? ['model'] : [])],
    kind => kind,
    kind =>
      kind === 'demo'
        ? el('strong', { class: 'qwq-runs-demo' }, 'DEMO')
        : el('span'),
    (line, kind) => setText(line, kind === 'demo' ? 'DEMO' : run.model)
  );
  const facts: [string, string][] = [
    ['last written', localTime(run.written)],
    ...differing.map((name): [string, string] => [
      name,
      run.settings[name] ?? '–'
    ])
  ];
  reconcile(
    find('facts'),
    facts,
    ([name]) => name,
    ([name]) =>
      el(
        'span',
        { class: 'qwq-runs-fact' },
        el('span', {}, oneLine(name, 40)),
        el('span', {})
      ),
    (fact, [, value]) => setText(fact.lastElementChild!, oneLine(value, 60))
  );
  const said = own?.note ? `✎ ${oneLine(own.note, 400)}` : '';
  setText(find('note'), said);
  find('note').hidden = said === '';
  setAttribute(
    find('open'),
    'title',
    `Open ${own?.label ? `${label}: ${labelOf(run)}` : label}, last written ${localTime(run.written)}`
  );
  const check = node.querySelector<HTMLInputElement>('.qwq-runs-check')!;
  check.checked = isSelected;
  setAttribute(check, 'aria-label', `Select ${label} to compare it`);
  setAttribute(check, 'title', 'Select to compare');
  node.classList.toggle('qwq-mod-selected', isSelected);
  const { line, does } = lineToCopy(run, now);
  find('copy').hidden = line === null;
  name('copy', `Copy the line that ${does} it: ${line ?? ''}`);
  setAttribute(
    find('copy'),
    'aria-label',
    `Copy the line that ${does} ${label}`
  );
  name('edit', `Rename ${label}, or write a note`);
  const goesOn = isLive(run) && !silent;
  (find('delete') as HTMLButtonElement).disabled = goesOn;
  name(
    'delete',
    goesOn ? `${label} is going on: stop it first` : `Delete ${label}`
  );

  function name(tool: string, words: string): void {
    setAttribute(find(tool), 'title', words);
    setAttribute(find(tool), 'aria-label', words);
  }
}

/** The form in which a run is renamed and a note on it is written. */
export function editForm(
  run: IRun,
  own: ILabel | undefined,
  done: (label: ILabel | null) => void
): HTMLElement {
  const field = (name: string, value: string): HTMLInputElement => {
    const input = el('input', { type: 'text', class: 'qwq-runs-input' });
    input.value = value;
    setAttribute(input, 'placeholder', name);
    setAttribute(input, 'aria-label', `${name} of ${oneLine(run.name, 100)}`);
    return input;
  };
  const label = field('Name', own?.label || oneLine(run.name, 200));
  const note = field('Note', own?.note ?? '');
  const save = (): void =>
    done({
      // Its own name is no other name.
      label: label.value.trim() === run.name ? '' : label.value,
      note: note.value
    });
  const form = el(
    'div',
    { class: 'qwq-runs-form', role: 'group', 'aria-label': 'Name and note' },
    label,
    note,
    el(
      'span',
      {},
      button('Save', { class: 'qwq-runs-word' }, save),
      button('Cancel', { class: 'qwq-runs-word' }, () => done(null))
    )
  );
  form.addEventListener('keydown', event => {
    if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
      save();
    } else if (event.key === 'Escape') {
      done(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return form;
}
