/**
 * Lines that a reader may copy into a cell. They are made here of a run's name, never taken from a file: what a file
 * says may be from anybody.
 */

/** What neither the shell's rules, by which a magic splits its line, nor IPython read as more than a letter. */
const PLAIN = /^[\w.+][\w.+-]*$/;
/** What is a word of the line between single quotes. */
const QUOTED = /^[\p{L}\p{N}_.+(][\p{L}\p{N}_.+ ,()@#%&=:-]*$/u;

/**
 * The name as a word of a magic's line (`qwq_nb/magics/parsing.py`), in quotes where it needs them.
 *
 * Null where it cannot be one word that means itself: it holds quotes, `$`, `{`, `!`, `;`, a line's end, or begins as
 * an option does.
 */
export function asWord(name: string): string | null {
  return PLAIN.test(name) ? name : QUOTED.test(name) ? `'${name}'` : null;
}

/** A sample's id as a word of its own. */
const PLAIN_ID = /^[\w.+][\w.+/-]*$/;
const QUOTED_ID = /^[\p{L}\p{N}_.+(][\p{L}\p{N}_.+ ,()@#%&=:/-]*$/u;

/** The folder that holds runs where a line names no other. */
const USUAL = 'qwq_runs';
/** A folder's path that is one word, and no option. */
const PATH = /^[\w./+][\w./+-]*$/;

/** `%magic NAME`, or with `--out` where the run lies elsewhere than usual; null where that cannot stand in a line. */
function lineOf(magic: string, folder: string): string | null {
  const parts = folder.replace(/\\/g, '/').replace(/\/+$/, '').split('/');
  const word = asWord(lastOf(folder));
  const out = parts.slice(0, -1);
  if (word === null) {
    return null;
  }
  if (out.length === 0 || out[out.length - 1] === USUAL) {
    return `%${magic} ${word}`;
  }
  const path = out.join('/');
  return PATH.test(path) && !out.includes('..')
    ? `%${magic} ${word} --out ${path}`
    : null;
}

/** The line that goes on with the run in `folder`, or null where its name cannot stand in one. */
export function resumeLine(folder: string): string | null {
  return lineOf('qwq_resume', folder);
}

/** The line that shows the run in `folder`, or null where its name cannot stand in one. */
export function showLine(folder: string): string | null {
  return lineOf('qwq_show', folder);
}

/** The line that shows one sample of the run in `folder`, or null where its names cannot stand in one. */
export function sampleLine(
  folder: string,
  id: string,
  repeat: number
): string | null {
  const line = showLine(folder);
  const word = PLAIN_ID.test(id) ? id : QUOTED_ID.test(id) ? `'${id}'` : null;
  const again = repeat > 0 ? ` --repeat ${repeat}` : '';
  return line && word && `${line} --sample ${word}${again}`;
}

/** The line that compares the runs in those folders, which lie beside each other; null where that cannot be one. */
export function compareLine(folders: readonly string[]): string | null {
  const lines = folders.map(folder => lineOf('qwq_compare', folder));
  if (lines.length < 2 || lines.some(line => line === null)) {
    return null;
  }
  const words = folders.map(folder => asWord(lastOf(folder)));
  const rest = lines[0]!.slice(`%qwq_compare ${words[0]}`.length);
  return `%qwq_compare ${words.join(' ')}${rest}`;
}

function lastOf(folder: string): string {
  const parts = folder.replace(/\\/g, '/').replace(/\/+$/, '').split('/');
  return parts[parts.length - 1];
}
