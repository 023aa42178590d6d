import { describe, expect, it } from 'vitest';

import { BrowserMemory } from '../../lab/memory';

/** The part of Storage that is used. */
function storageOf(items: Map<string, string>): Storage {
  return {
    get length() {
      return items.size;
    },
    key: (index: number) => [...items.keys()][index] ?? null,
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
    clear: () => items.clear()
  };
}

describe('what a browser remembers', () => {
  it('is read back, and is nothing where nothing can be read', () => {
    const items = new Map<string, string>();
    const memory = new BrowserMemory(storageOf(items));
    memory.write('run 1', { sample: '0 a' });
    expect(memory.read('run 1')).toEqual({ sample: '0 a' });
    expect(memory.read('run 2')).toBeNull();
    items.set('qwq-nb:run 3', '{');
    expect(memory.read('run 3')).toBeNull();
    expect(new BrowserMemory(null).read('run 1')).toBeNull();
  });

  it('is of the last runs, and takes nothing of others', () => {
    const items = new Map([['other', 'x']]);
    const memory = new BrowserMemory(storageOf(items));
    for (let i = 0; i < 300; i++) {
      items.set(`qwq-nb:run ${i}`, JSON.stringify({ at: i, value: i }));
    }
    memory.write('run 300', 300);
    expect(items.size).toBe(201);
    expect(memory.read('run 99')).toBeNull();
    expect(memory.read('run 299')).toBe(299);
    expect(memory.read('run 300')).toBe(300);
    expect(items.get('other')).toBe('x');
    memory.write('run 301', 'x'.repeat(30_000));
    expect(memory.read('run 301')).toBeNull();
  });

  it('is nothing where the browser refuses', () => {
    const full = storageOf(new Map());
    full.setItem = () => {
      throw new Error('full');
    };
    const memory = new BrowserMemory(full);
    memory.write('run 1', 1);
    expect(memory.read('run 1')).toBeNull();
  });
});
