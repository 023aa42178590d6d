import { describe, expect, it } from 'vitest';

import { RunModel } from '../../model/model';
import { Stitched } from '../../model/stream';
import { keyOf, readRecord, RunRecord } from '../../record/record';

function sample(number: number, more: object = {}): object {
  return {
    benchmark: 'math_500',
    subset: `Level ${(number % 5) + 1}`,
    id: `math_500/level-${(number % 5) + 1}/${number}`,
    repeat: 0,
    outcome: number % 3 ? 'correct' : 'wrong',
    why: '',
    gold: '1',
    extracted: '2',
    reasoning_tokens: number * 10,
    latency_s: number,
    reasoning: { text: `Wait ${number}` },
    ...more
  };
}

function run(samples: object[], more: object = {}): RunRecord {
  return readRecord({
    run_id: '1',
    state: 'running',
    benchmarks: ['math_500'],
    table: [1, 2, 3, 4, 5].map(level => ({
      benchmark: 'math_500',
      subset: `Level ${level}`
    })),
    samples,
    ...more
  })!;
}

const flight = (number: number, more: object = {}): object => ({
  benchmark: 'math_500',
  subset: 'Level 1',
  id: `math_500/level-1/${number}`,
  repeat: 0,
  tokens: 3,
  elapsed_s: 1,
  phase: 'reasoning',
  ...more
});

describe('a stream', () => {
  it('is put together from its pieces', () => {
    const text = new Stitched();
    text.add('Hello', 0);
    text.add('lo wor', 3);
    text.add('ld', 9);
    expect(text.text).toBe('Hello world');
    expect(text.add('world', 6)).toBe(false);
  });

  it('shows a gap as one', () => {
    const text = new Stitched();
    text.add('middle', 1_500);
    text.add('end', 1_510);
    expect(text.text).toBe(
      '\n\n[… 1,500 characters not seen …]\n\nmiddle\n\n[… 4 characters not seen …]\n\nend'
    );
  });

  it('counts characters as Python does', () => {
    const text = new Stitched();
    text.add('a😀b', 0);
    text.add('😀bc', 1);
    expect(text.text).toBe('a😀bc');
  });
});

describe('the sample that is watched', () => {
  const key = keyOf({ id: 'math_500/level-1/5', repeat: 0 });

  it('stays from the end of its stream to its verdict', () => {
    const model = new RunModel();
    const text = { reasoning_tail: 'So it is 2.', reasoning_at: 0 };
    model.update(
      run([], { partial: true, in_flight: [flight(5, text), flight(6)] })
    );
    model.update(run([], { partial: true }), key);
    expect(model.selector.select().streams.map(entry => entry.key)).toEqual([
      key
    ]);
    expect(model.entry(key)?.stream?.flight.phase).toBe('grading');
    expect(model.entry(key)?.stream?.reasoning.text).toBe('So it is 2.');
    model.update(run([], { partial: true }), key);
    expect(model.entry(key)?.stream?.flight.phase).toBe('grading');
    const row = sample(5, { id: 'math_500/level-1/5' });
    model.update(run([row], { partial: true }), key);
    expect(model.entry(key)?.stream).toBeNull();
    expect(model.entry(key)?.row.outcome).toBe('correct');
    model.update(run([], { partial: true }), key);
    expect(model.selector.select().streams).toEqual([]);
  });

  it('is let go of when its run stops', () => {
    const model = new RunModel();
    model.update(run([], { partial: true, in_flight: [flight(5)] }));
    model.update(run([], { state: 'stopped' }), key);
    expect(model.entry(key)).toBeUndefined();
  });
});

describe('streams', () => {
  it('stand apart from results, but a search finds them', () => {
    const model = new RunModel();
    const row = sample(1);
    model.update(run([row], { partial: true, in_flight: [flight(5)] }));
    let selection = model.selector.select();
    expect([selection.entries.length, selection.total]).toEqual([1, 1]);
    expect(selection.streams.length).toBe(1);
    expect([...selection.values.standing]).toEqual(['correct']);
    model.selector.filter.query = 'level-1/5';
    selection = model.selector.select();
    expect(selection.entries.map(({ stream }) => stream !== null)).toEqual([
      true
    ]);
  });
});

describe('updates', () => {
  it('are merged by sample and repeat', () => {
    const model = new RunModel();
    model.update(run([sample(1), sample(2)], { partial: true }));
    model.update(
      run([sample(2, { outcome: 'error' }), sample(3)], { partial: true })
    );
    const { entries, total } = model.selector.select();
    expect(total).toBe(3);
    expect(entries.map(e => e.row.outcome)).toEqual([
      'wrong',
      'error',
      'correct'
    ]);
    model.update(run([sample(3)]));
    expect(model.selector.select().total).toBe(1);
  });

  it('begin anew with another run', () => {
    const model = new RunModel();
    model.update(run([sample(1)]));
    expect(model.update(run([sample(2)], { partial: true }))).toBe(true);
    expect(model.update(run([sample(3)], { run_id: '2', partial: true }))).toBe(
      false
    );
    expect(model.selector.select().total).toBe(1);
  });

  it('show what is in flight, until its row comes', () => {
    const model = new RunModel();
    model.update(
      run([sample(1)], {
        partial: true,
        in_flight: [flight(5, { reasoning_tail: 'Let' })]
      })
    );
    model.update(
      run([], {
        partial: true,
        in_flight: [flight(5, { reasoning_tail: ' me', reasoning_at: 3 })]
      })
    );
    const [first] = model.selector.select().streams;
    expect(first.stream?.reasoning.text).toBe('Let me');
    model.update(
      run([sample(5, { id: 'math_500/level-1/5' })], { partial: true }),
      first.key
    );
    expect(model.entry(first.key)?.stream).toBeNull();
    expect(model.streams.get(first.key)?.reasoning.text).toBe('Let me');
  });

  it('keep a whole text that the saved record has cut', () => {
    const model = new RunModel();
    model.update(run([sample(1)], { partial: true }));
    model.update(
      run([sample(1, { reasoning: { text: 'W1', omitted: 4, at: 1 } })])
    );
    expect(model.selector.select().entries[0].row.reasoning?.text).toBe(
      'Wait 1'
    );
  });
});

describe('the filter', () => {
  const model = new RunModel();
  model.update(
    run(
      Array.from({ length: 30 }, (_, i) =>
        sample(i, i === 7 ? { flags: ['check_by_hand'] } : {})
      )
    )
  );

  it('counts for each choice what it would leave', () => {
    model.selector.filter.standing.add('wrong');
    const { entries, counts } = model.selector.select();
    expect(entries).toHaveLength(10);
    expect(counts.standing.get('correct')).toBe(20);
    expect(counts.subset.get('math_500\0Level 1')).toBe(2);
    expect(counts.flag.get('check_by_hand')).toBeUndefined();
    model.selector.filter.standing.clear();
    expect(model.selector.select().counts.flag.get('check_by_hand')).toBe(1);
  });

  it('searches the reasoning', () => {
    model.selector.filter.query = 'WAIT 2';
    expect(model.selector.select().entries).toHaveLength(11);
    model.selector.filter.scope = 'answer';
    expect(model.selector.select().entries).toHaveLength(0);
    model.selector.filter.scope = 'reasoning';
    Object.assign(model.selector.filter, {
      query: '',
      regex: false,
      scope: 'all'
    });
  });

  it('searches whole texts where they were fetched', () => {
    model.selector.filter.query = 'far inside';
    expect(model.selector.select().entries).toHaveLength(0);
    const { key } = model.repeats('math_500/level-1/0')[0];
    model.setTrace(key, { reasoning: '… far inside …', answer: '' });
    expect(model.selector.select().entries).toHaveLength(1);
    model.selector.filter.query = '';
  });

  it('sorts', () => {
    Object.assign(model.selector.filter, { sort: 'tokens', descending: true });
    expect(model.selector.select().entries[0].row.reasoning_tokens).toBe(290);
    Object.assign(model.selector.filter, { sort: 'level', descending: false });
    expect(
      model.selector
        .select()
        .entries.slice(0, 7)
        .map(e => e.row.id.split('/')[2])
    ).toEqual(['0', '5', '10', '15', '20', '25', '1']);
  });

  it('is quick with 2,000 samples', () => {
    const large = new RunModel();
    const record = run(Array.from({ length: 2_000 }, (_, i) => sample(i)));
    large.update(record);
    large.selector.filter.query = 'wait 1';
    const started = performance.now();
    large.selector.select();
    expect(performance.now() - started).toBeLessThan(200);
  });
});
