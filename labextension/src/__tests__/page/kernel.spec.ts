import { describe, expect, it, vi } from 'vitest';

import { ITrace } from '../../model/entry';
import { IWidgetModel, Kernel, KernelTexts } from '../../page/kernel';

/** A model whose kernel answers as it is told to. */
class FakeModel implements IWidgetModel {
  readonly sent: { type: string; token: number; keys: string[] }[] = [];

  get(): unknown {
    return null;
  }

  on(event: string, callback: (...values: unknown[]) => void): void {
    expect(event).toBe('msg:custom');
    this._callbacks.add(callback);
  }

  off(_: string, callback: (...values: unknown[]) => void): void {
    this._callbacks.delete(callback);
  }

  send(content: unknown): void {
    this.sent.push(content as (typeof this.sent)[number]);
  }

  answer(content: unknown): void {
    this._callbacks.forEach(callback => callback(content));
  }

  get listeners(): number {
    return this._callbacks.size;
  }

  private _callbacks = new Set<(...values: unknown[]) => void>();
}

describe('KernelTexts', () => {
  it('asks for what is wanted, and takes the answer to its own question', async () => {
    const model = new FakeModel();
    const kernel = new Kernel(model);
    const texts = new KernelTexts(kernel);
    const found = new Map<string, ITrace>();
    const reading = texts.read('block-1', {
      keys: new Set(['0 a']),
      found: (key, trace) => found.set(key, trace)
    });
    const [{ type, token, keys }] = model.sent;
    expect([type, keys]).toEqual(['texts', ['0 a']]);
    model.answer({ type: 'answer', token: token + 1, texts: {} });
    model.answer(null);
    const foreign = { '0 a': ['think', 'say'], '0 z': ['not', 'asked'] };
    model.answer({ type: 'answer', token, texts: foreign });
    await reading;
    expect([...found]).toEqual([
      ['0 a', { reasoning: 'think', answer: 'say' }]
    ]);
    kernel.dispose();
    expect(model.listeners).toBe(0);
  });

  it('says what the kernel says, or that it says nothing', async () => {
    vi.useFakeTimers();
    const model = new FakeModel();
    const texts = new KernelTexts(new Kernel(model, 1_000));
    const wanted = { keys: new Set(['0 a']), found: () => undefined };
    const refused = texts.read('block-1', wanted);
    const { token } = model.sent[0];
    model.answer({ type: 'answer', token, problem: 'withheld' });
    await expect(refused).rejects.toThrow('withheld');
    const late = texts.read('block-1', wanted);
    const failing = expect(late).rejects.toThrow('busy or gone');
    await vi.advanceTimersByTimeAsync(1_000);
    await failing;
    vi.useRealTimers();
  });
});
