import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { NO_WORKER, TOO_SLOW } from '../../model/finder';
import { RunModel } from '../../model/model';
import { answer, IQuestion, IWorker } from '../../model/pattern-worker';
import { RegexMatcher } from '../../model/search';
import { readRecord } from '../../record/record';

/** Answers when time goes on; a pattern with `slow` in it never does. */
class FakeWorker implements IWorker {
  static made: FakeWorker[] = [];
  asked: IQuestion[] = [];
  isGone = false;
  onmessage: IWorker['onmessage'] = null;
  onerror: IWorker['onerror'] = null;

  constructor(private readonly starts = true) {
    FakeWorker.made.push(this);
    this._say('ready');
  }

  postMessage(message: unknown): void {
    const question = message as IQuestion;
    this.asked.push(question);
    if (!question.source.includes('slow')) {
      this._say(answer(question));
    }
  }

  terminate(): void {
    this.isGone = true;
  }

  private _say(data: unknown): void {
    setTimeout(() => {
      if (!this.starts) {
        this.onerror?.({} as ErrorEvent);
      } else if (!this.isGone) {
        this.onmessage?.({ data } as MessageEvent);
      }
    }, 5);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  FakeWorker.made = [];
});
afterEach(() => vi.useRealTimers());

function modelOf(make: () => IWorker): RunModel {
  const samples = Array.from({ length: 30 }, (_, i) => ({
    id: `a/${i}`,
    repeat: 0,
    outcome: 'wrong',
    reasoning: { text: `Wait ${i}` }
  }));
  const model = new RunModel(make);
  model.update(readRecord({ run_id: '1', samples })!);
  // As the view does it.
  model.selector.finder.changed = () => void model.selector.select();
  return model;
}

function search(model: RunModel, query: string, regex = true): void {
  Object.assign(model.selector.filter, { query, regex });
  model.selector.select();
}

const found = (model: RunModel): number =>
  model.selector.select().entries.length;

describe('a regular expression', () => {
  it('is tried in a worker', async () => {
    const model = modelOf(() => new FakeWorker());
    search(model, '^wait 2\\d$');
    expect(model.selector.select().searching).toBe(true);
    await vi.advanceTimersByTimeAsync(50);
    expect(found(model)).toBe(10);
    expect(model.selector.select().searching).toBe(false);
    expect(FakeWorker.made).toHaveLength(1);
    expect(FakeWorker.made[0].asked).toHaveLength(1);
  });

  it('that is none says why, without a worker', () => {
    const model = modelOf(() => new FakeWorker());
    search(model, '(');
    expect(model.selector.select()).toMatchObject({ entries: [], total: 30 });
    expect(model.selector.select().problem).toMatch(/group/i);
    expect(FakeWorker.made).toHaveLength(0);
  });

  it('that takes too long is stopped, and the reader told', async () => {
    const model = modelOf(() => new FakeWorker());
    search(model, '(slow+)+$');
    await vi.advanceTimersByTimeAsync(1_400);
    expect(model.selector.select().problem).toBe('');
    await vi.advanceTimersByTimeAsync(300);
    expect(model.selector.select()).toMatchObject({
      problem: TOO_SLOW,
      searching: false,
      entries: []
    });
    expect(FakeWorker.made[0].isGone).toBe(true);
    search(model, 'wait 3');
    await vi.advanceTimersByTimeAsync(50);
    expect(model.selector.select().problem).toBe('');
    expect(found(model)).toBe(1);
  });

  it('that is superseded is dropped, and its worker with it', async () => {
    const model = modelOf(() => new FakeWorker());
    search(model, 'wait [12]');
    await vi.advanceTimersByTimeAsync(7); // it is being tried
    search(model, 'wait [3]');
    await vi.advanceTimersByTimeAsync(50);
    expect(found(model)).toBe(1);
    expect(FakeWorker.made.map(({ isGone }) => isGone)).toEqual([true, false]);
    search(model, 'wait 4', false);
    expect(found(model)).toBe(1);
    expect(FakeWorker.made[1].isGone).toBe(true);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('not allowed');
      }
    ],
    ['fails', () => new FakeWorker(false)]
  ] as [string, () => IWorker][])(
    'is searched as plain text where a worker %s',
    async (_, make) => {
      const model = modelOf(make);
      search(model, 'wait 2');
      await vi.advanceTimersByTimeAsync(50);
      expect(found(model)).toBe(11);
      expect(model.selector.select().notice).toBe(NO_WORKER);
      search(model, 'wait .');
      expect(found(model)).toBe(0);
      search(model, 'wait 2', false);
      expect(model.selector.select().notice).toBe('');
    }
  );

  it('marks what is shown, when it is known', async () => {
    let changes = 0;
    const matcher = new RegexMatcher(
      'wait|hmm',
      () => changes++,
      () => new FakeWorker()
    );
    expect(matcher.ranges('Wait. Hmm.')).toEqual([]);
    await vi.advanceTimersByTimeAsync(50);
    const marks = [
      { start: 0, end: 4 },
      { start: 6, end: 9 }
    ];
    expect(matcher.ranges('Wait. Hmm.')).toEqual(marks);
    expect([changes, matcher.version]).toEqual([1, 1]);
    // A text that grows keeps its marks meanwhile.
    expect(matcher.ranges('Wait. Hmm. Wait')).toEqual(marks);
    await vi.advanceTimersByTimeAsync(50);
    expect(matcher.ranges('Wait. Hmm. Wait')).toHaveLength(3);
    matcher.dispose();
  });

  it('leaves empty matches out', () => {
    const groups = [['aaa', 'xxa'], ['b']];
    expect(answer({ source: 'x*', groups, most: 9 })).toEqual([
      { hit: true, ranges: [[0, 2]], at: -1 },
      { hit: false, ranges: [], at: -1 }
    ]);
    expect(answer({ source: '^b', groups, most: 0 })).toEqual([
      { hit: false, ranges: [], at: -1 },
      { hit: true, ranges: [[0, 1]], at: 0 }
    ]);
  });
});
