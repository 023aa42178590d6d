import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SOURCE = fileURLToPath(new URL('..', import.meta.url));

/**
 * Each folder imports itself and those after it, `page` none of `lab`; `timing.ts` stands beside them and imports
 * nothing.
 */
const ORDER = ['page', 'lab', 'view', 'model', 'text', 'record'];

const files = readdirSync(SOURCE, {
  recursive: true,
  encoding: 'utf-8'
}).filter(file => file.endsWith('.ts') && !file.startsWith('__tests__'));

/** The modules that a file imports, as paths below `src/`. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), 'utf-8');
  const found = text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']*)'/g);
  return [...found].map(([, target]) =>
    relative(SOURCE, join(SOURCE, dirname(file), target))
  );
}

function folderOf(path: string): string {
  return path.split(sep)[0];
}

describe('the folders', () => {
  it('are those that are named here', () => {
    expect(new Set(files.map(folderOf))).toEqual(
      new Set([...ORDER, 'timing.ts'])
    );
  });

  it.each(files)('%s imports no folder above its own', file => {
    const own = ORDER.indexOf(folderOf(file));
    for (const target of importsOf(file)) {
      const folder = folderOf(target);
      if (folder === '..') {
        // The vocabulary, which Python reads too, and style sheets.
        const owner = target.endsWith('.css')
          ? join('page', 'index.ts')
          : join('record', 'vocabulary.ts');
        expect(file).toBe(owner);
      } else if (folder !== 'timing') {
        expect(ORDER.indexOf(folder), target).toBeGreaterThanOrEqual(own);
        expect([ORDER[own], folder]).not.toEqual(['page', 'lab']);
      }
    }
  });

  it('import modules in no circle', () => {
    const done = new Set<string>();
    const walk = (module: string, path: string[]): void => {
      expect(path, [...path, module].join(' → ')).not.toContain(module);
      if (!done.has(module) && !module.startsWith('..')) {
        importsOf(`${module}.ts`).forEach(to => walk(to, [...path, module]));
        done.add(module);
      }
    };
    files.forEach(file => walk(file.slice(0, -3), []));
  });
});
