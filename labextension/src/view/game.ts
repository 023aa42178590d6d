/** A game that was played: its clip, the facts, the exception beside its line, and the program to save. */
import { count, duration, number } from '../record/format';
import { Clip, Game, GameError, Picture, SampleView } from '../record/record';
import { GAME_CHECKS, GAME_STATES } from '../record/vocabulary';
import { oneLine, visible } from '../text/clean';
import { copyText, saveText } from './clipboard';
import { button, el, setText } from './dom';

const MOST_DATA = 1_400_000; // characters of a clip in base64: one of a megabyte
const MOST_SIDE = 640;
const MOST_CHECKS = 60;
const AROUND = 3; // lines before and after the one of an exception
const BASE64 = /^iVBORw0KGgo[A-Za-z0-9+/]*={0,2}$/; // begins as a PNG does

export class GameView {
  readonly node = el('div', { class: 'qwq-game' });

  /** Draw what playing the answer of `row` has shown; nothing where it is no game. */
  update(row: SampleView | null): void {
    const game = row?.execution?.game ?? null;
    const drawn =
      row && game
        ? JSON.stringify([
            row.id,
            row.repeat,
            game,
            row.code,
            row.picture?.data.length,
            row.picture?.note
          ])
        : '';
    if (drawn === this._drawn) {
      return;
    }
    this._drawn = drawn;
    this.node.replaceChildren();
    this.node.hidden = game === null;
    if (row === null || game === null) {
      return;
    }
    const shown = el(
      'div',
      { class: 'qwq-game-shown' },
      pictureOf(row.picture, row.id, game),
      checksOf(game)
    );
    this.node.append(
      el('p', { class: 'qwq-tests' }, `Game: ${GAME_STATES[game.state]}`),
      shown,
      ...errorOf(game.error, row.code)
    );
    if (row.code?.text) {
      this.node.append(programOf(row.code));
    }
    if (game.plays.length) {
      this.node.append(playsOf(game));
    }
  }

  private _drawn = '';
}

/** The clip, if it is one that may be shown, and what is said of it. */
function pictureOf(
  picture: Picture | null,
  id: string,
  game: Game
): HTMLElement | null {
  if (picture === null) {
    return null;
  }
  const figure = el('figure', { class: 'qwq-game-clip' });
  const { data, width, height } = picture;
  const fits =
    data.length <= MOST_DATA &&
    BASE64.test(data) &&
    [width, height].every(side => side > 0 && side <= MOST_SIDE);
  if (fits) {
    const image = document.createElement('img');
    const what =
      picture.frames > 1
        ? `Clip of ${count(picture.frames, 'frame')}`
        : 'First frame';
    image.alt = visible(oneLine(`${what} of ${id}`, 200));
    image.width = width;
    image.height = height;
    image.src = `data:image/png;base64,${data}`;
    figure.append(image);
  }
  const said = picture.note || (fits ? `played with ${game.clip_of}` : '');
  if (said) {
    figure.append(el('figcaption', {}, oneLine(said, 300)));
  }
  return figure;
}

/** The place of a fact in the order in which facts are shown. */
function rankOf(name: string): number {
  return Object.keys(GAME_CHECKS).findIndex(each => name.startsWith(each));
}

/** A fact in words: `reacts_to_w` → `reacts to W`. */
export function checkWords(name: string): string {
  const start =
    Object.keys(GAME_CHECKS).find(each => name.startsWith(each)) ?? '';
  const key = name.slice(start.length).replace(/_/g, ' ').toUpperCase();
  return `${GAME_CHECKS[start] ?? ''} ${key}`.trim();
}

/** `✓` where a fact holds, `✗` where it does not, `?` where it cannot be decided. */
export function checkSign(holds: boolean | null): string {
  return holds === null ? '?' : holds ? '✓' : '✗';
}

function checksOf(game: Game): HTMLElement {
  // A saved notebook has them in the order of the alphabet.
  const items = Object.entries(game.checks)
    .slice(0, MOST_CHECKS)
    .sort(([a], [b]) => rankOf(a) - rankOf(b))
    .map(([name, holds]) => {
      const said = Object.hasOwn(game.says, name) ? game.says[name] : '';
      return el(
        'li',
        { 'data-holds': String(holds) },
        el('span', { class: 'qwq-game-sign' }, checkSign(holds)),
        el('span', {}, oneLine(checkWords(name), 100)),
        said ? el('span', { class: 'qwq-more' }, oneLine(said, 300)) : null
      );
    });
  return el(
    'div',
    { class: 'qwq-game-facts' },
    items.length
      ? el(
          'p',
          { class: 'qwq-more' },
          'Facts, no score: ✓ holds, ✗ does not, ? not decidable'
        )
      : null,
    el('ul', {}, ...items)
  );
}

function errorOf(error: GameError | null, code: Clip | null): HTMLElement[] {
  if (error === null) {
    return [];
  }
  const line = error.line === null ? '' : `, line ${number(error.line)}`;
  const parts = [excerptOf(error, code), error.traceback].filter(part =>
    part.trim()
  );
  return [
    el(
      'p',
      { class: 'qwq-tests' },
      oneLine(`${error.what}${line}, with ${error.policy}`, 500)
    ),
    el(
      'div',
      { class: 'qwq-game-error' },
      ...parts.map(part => {
        const body = el('pre', { class: 'qwq-code' });
        setText(body, visible(part));
        return body;
      })
    )
  ];
}

/** The lines of the program around the one that the exception came from, that one marked. */
export function excerptOf(error: GameError, code: Clip | null): string {
  if (error.line === null) {
    return '';
  }
  const lines = code && code.omitted === 0 ? code.text.split('\n') : [];
  const at = error.line - 1;
  if (
    !(at >= 0 && at < lines.length) ||
    lines[at].slice(0, 300) !== error.source
  ) {
    return error.source ? `▶ ${error.line}  ${error.source}` : '';
  }
  const first = Math.max(0, at - AROUND);
  return lines
    .slice(first, at + AROUND + 1)
    .map((text, offset) => {
      const line = first + offset;
      const mark = line === at ? '▶' : ' ';
      return `${mark} ${String(line + 1).padStart(4)}  ${text}`;
    })
    .join('\n');
}

/** Buttons that save and copy the program; whoever runs it does so on his own machine. */
function programOf(code: Clip): HTMLElement {
  const said = el('span', { class: 'qwq-more', role: 'status' });
  if (code.omitted > 0) {
    setText(said, 'The whole program: run.sample(id).save("game.py")');
    return el('div', { class: 'qwq-game-program' }, said);
  }
  return el(
    'div',
    { class: 'qwq-game-program', role: 'group', 'aria-label': 'The program' },
    button('Save game.py', { class: 'qwq-chip' }, () => {
      saveText(code.text, 'game.py');
      setText(said, 'A model wrote it: read it before you run it.');
    }),
    button('Copy the program', { class: 'qwq-chip' }, () => {
      void copyText(code.text).then(done =>
        setText(said, done ? 'Copied' : 'Not copied: the browser forbids it')
      );
    }),
    said
  );
}

function playsOf(game: Game): HTMLElement {
  const rows = game.plays
    .slice(0, MOST_CHECKS)
    .map(play =>
      el(
        'tr',
        {},
        el('td', {}, oneLine(play.policy, 100)),
        el('td', {}, duration(play.seconds)),
        el('td', {}, number(play.frames)),
        el('td', {}, number(play.distinct)),
        el('td', {}, oneLine(play.ended, 300))
      )
    );
  const heads = ['with', 'virtual time', 'frames', 'different', 'how it ended'];
  return el(
    'details',
    {},
    el('summary', {}, count(game.plays.length, 'play')),
    el(
      'table',
      { class: 'qwq-game-plays' },
      el(
        'thead',
        {},
        el('tr', {}, ...heads.map(head => el('th', { scope: 'col' }, head)))
      ),
      el('tbody', {}, ...rows)
    )
  );
}
