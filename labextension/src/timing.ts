/** Times that the benchmark and a browser's performance panel read: of each kind the last one is kept. */
export type Step =
  /** From Lab's call to the painted list, with whatever else the page does meanwhile. */
  | 'open'
  /** Reading an update's JSON, merging it, drawing it, and being put into the page: each the script's own time. */
  | 'read'
  | 'merge'
  | 'draw'
  | 'attach';

export function measure(step: Step, start: number): void {
  const name = `qwq-nb:${step}`;
  performance.clearMeasures(name); // a run of hours has many updates
  performance.measure(name, { start });
}

/** Calls back when what stands in the page now has been painted. */
export function afterPaint(done: () => void): void {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });
}
