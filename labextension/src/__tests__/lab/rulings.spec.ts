import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { INotebook, setSurroundings } from '../../lab/notebooks';
import { RulingChannel, TARGET } from '../../lab/rulings';
import { saidOf } from '../../view/ruling';

/** A kernel's connection as far as a channel needs it: what was sent, and a way to answer. */
class FakeKernel {
  handleComms = true;
  comms: FakeComm[] = [];
  slots: [(sender: unknown, status: string) => void, unknown][] = [];
  statusChanged = {
    connect: (slot: (s: unknown, x: string) => void, self: unknown) =>
      void this.slots.push([slot, self]),
    disconnect: (slot: unknown) =>
      void (this.slots = this.slots.filter(([other]) => other !== slot))
  };

  createComm(target: string): FakeComm {
    const comm = new FakeComm(target);
    this.comms.push(comm);
    return comm;
  }

  status(status: string): void {
    this.slots.forEach(([slot, self]) => slot.call(self, this, status));
  }
}

class FakeComm {
  sent: unknown[] = [];
  isDisposed = false;
  onMsg: (message: object) => void = () => undefined;
  onClose: () => void = () => undefined;

  constructor(readonly target: string) {}

  open(): void {
    this.sent.push('open');
  }

  send(data: unknown): void {
    this.sent.push(data);
  }

  dispose(): void {
    this.isDisposed = true;
  }

  says(data: object): void {
    this.onMsg({ content: { data } });
  }
}

const RULING = {
  id: 'my_prompts/0',
  repeat: 0,
  correct: true,
  note: '',
  run_dir: 'qwq_runs/x'
};

describe('the channel of rulings', () => {
  let kernel: FakeKernel | null;
  let changes: boolean[];
  let channel: RulingChannel;

  beforeEach(() => {
    vi.stubGlobal('window', { setTimeout, clearTimeout });
    kernel = new FakeKernel();
    setSurroundings({
      notebookOf: () =>
        ({
          sessionContext: { session: { kernel } }
        }) as unknown as INotebook
    } as unknown as Parameters<typeof setSurroundings>[0]);
    changes = [];
    channel = new RulingChannel({} as HTMLElement, () =>
      changes.push(channel.isOpen)
    );
  });

  afterEach(() => {
    channel.dispose();
    vi.unstubAllGlobals();
  });

  it('is open when the kernel says that it is ready', () => {
    channel.connect();
    expect(kernel!.comms[0].target).toBe(TARGET);
    expect(channel.isOpen).toBe(false);
    kernel!.comms[0].says({ ready: true });
    expect(changes).toEqual([true]);
  });

  it('is not there without a kernel, nor where the kernel closes it', () => {
    const found = kernel!;
    kernel = null;
    channel.connect();
    expect(found.comms).toEqual([]);
    kernel = found;
    channel.connect();
    found.comms[0].onClose();
    expect(channel.isOpen).toBe(false);
    expect(changes).toEqual([]);
  });

  it('is tried again after a while, and not at once', () => {
    channel.connect(1_000);
    channel.connect(2_000);
    expect(kernel!.comms.length).toBe(1);
    channel.connect(60_000);
    expect(kernel!.comms.length).toBe(2);
    expect(kernel!.comms[0].isDisposed).toBe(true);
  });

  it('sends a ruling and gives the record that comes back', async () => {
    channel.connect();
    const comm = kernel!.comms[0];
    comm.says({ ready: true });
    const answer = channel.send(RULING);
    expect(comm.sent[1]).toEqual({ ...RULING, request: 1 });
    comm.says({ request: 7, record: 'another' });
    comm.says({ request: 1, record: { name: 'x' } });
    expect(await answer).toEqual({ name: 'x' });
  });

  it('says what the kernel says went wrong', async () => {
    channel.connect();
    const comm = kernel!.comms[0];
    comm.says({ ready: true });
    const answer = channel.send(RULING);
    comm.says({ request: 1, error: 'the disk is full' });
    await expect(answer).rejects.toBe('the disk is full');
  });

  it('is gone with its kernel, and so is what was waited for', async () => {
    channel.connect();
    kernel!.comms[0].says({ ready: true });
    const answer = channel.send(RULING);
    kernel!.status('restarting');
    await expect(answer).rejects.toBe('the kernel has gone');
    expect(changes).toEqual([true, false]);
    await expect(channel.send(RULING)).rejects.toThrow('no kernel');
    channel.connect();
    kernel!.comms[1].says({ ready: true });
    expect(channel.isOpen).toBe(true);
  });
});

describe('a ruling in words', () => {
  it('has its note', () => {
    expect(saidOf({ correct: true, note: '' })).toBe('Your ruling: ✓ right');
    expect(saidOf({ correct: false, note: 'curt' })).toBe(
      'Your ruling: ✗ not right, “curt”'
    );
  });
});
