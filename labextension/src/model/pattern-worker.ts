/**
 * Regular expressions are tried in a worker that can be stopped: one like `(a+)+$` may take longer than anyone lives.
 */

/** What the worker is asked: which of these texts match (of each group any), or where one does. */
export interface IQuestion {
  source: string;
  groups: string[][];
  /** Most ranges that are wanted of each group's texts; 0 where a yes or no is enough. */
  most: number;
}

/** For each group whether it matches, and where; of a question for a yes or no, which text matches first, and where. */
export type Answer = {
  hit: boolean;
  ranges: [number, number][];
  /** Which text of the group has the first match; -1: none has. */
  at: number;
}[];

/** The part of a Worker that is used; a test has one of its own. */
export interface IWorker {
  postMessage: (message: unknown) => void;
  terminate: () => void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export type Refusal = 'slow' | 'none';

/** Runs in the worker, from its text: it may use nothing that is outside of it. */
export function answer({ source, groups, most }: IQuestion): Answer {
  const pattern = new RegExp(source, 'gim');
  return groups.map(texts => {
    const ranges: [number, number][] = [];
    let at = -1;
    for (const [index, text] of texts.entries()) {
      pattern.lastIndex = 0;
      if (most === 0) {
        const match = at < 0 ? pattern.exec(text) : null;
        if (match !== null) {
          at = index;
          ranges.push([match.index, match.index + match[0].length]);
        }
        continue;
      }
      for (const match of text.matchAll(pattern)) {
        if (match[0] && ranges.length < most) {
          ranges.push([match.index, match.index + match[0].length]);
        }
        if (ranges.length >= most) {
          break;
        }
      }
    }
    return { hit: ranges.length > 0, ranges, at };
  });
}

/** Throws where the page may not have workers. */
export function createWorker(): IWorker {
  const code = `const answer = ${answer.toString()};
onmessage = ({ data }) => postMessage(answer(data));
postMessage('ready');`;
  const url = URL.createObjectURL(
    new Blob([code], { type: 'text/javascript' })
  );
  const worker = new Worker(url);
  // Its text is fetched by the time it says anything.
  worker.addEventListener('message', () => URL.revokeObjectURL(url), {
    once: true
  });
  return worker;
}

const START_MS = 10_000;
const GRACE_MS = 30;

interface ITask {
  question: IQuestion;
  done: (answer: Answer) => void;
}

/** One worker, asked one question at a time; after a refusal it is gone and answers nothing more. */
export class PatternWorker {
  /** `refused` hears once why there will be no more answers. */
  constructor(
    refused: (why: Refusal) => void,
    create: () => IWorker = createWorker,
    private readonly limit = 1_500
  ) {
    this._refused = refused;
    try {
      this._worker = create();
    } catch {
      this._timer = setTimeout(() => this._refuse('none'), 0);
      return;
    }
    this._worker.onmessage = ({ data }) => this._receive(data);
    this._worker.onerror = () => this._refuse(this._isReady ? 'slow' : 'none');
    // The page's policy may forbid it without a word.
    this._timer = setTimeout(() => this._refuse('none'), START_MS);
  }

  /** `first`: before all that waits, for a text that is on the screen. */
  ask(
    question: IQuestion,
    done: (answer: Answer) => void,
    first = false
  ): void {
    this._tasks[first ? 'unshift' : 'push']({ question, done });
    this._next();
  }

  /** Whether nothing is being asked. */
  get isIdle(): boolean {
    return this._current === null && this._tasks.length === 0;
  }

  dispose(): void {
    clearTimeout(this._timer);
    this._worker?.terminate();
    this._worker = null;
    this._current = null;
    this._tasks = [];
  }

  private _next(): void {
    if (this._worker === null || !this._isReady || this._current !== null) {
      return;
    }
    const task = this._tasks.shift();
    if (task !== undefined) {
      this._current = task;
      this._worker.postMessage(task.question);
      this._timer = setTimeout(() => {
        // The page may have been busy itself: an answer that has come meanwhile is taken.
        this._timer = setTimeout(() => this._refuse('slow'), GRACE_MS);
      }, this.limit);
    }
  }

  private _receive(data: unknown): void {
    if (this._worker === null) {
      return;
    }
    clearTimeout(this._timer);
    const task = this._current;
    this._current = null;
    this._isReady = true;
    task?.done(data as Answer);
    this._next();
  }

  private _refuse(why: Refusal): void {
    this.dispose();
    this._refused(why);
  }

  private _refused: (why: Refusal) => void;
  private _worker: IWorker | null = null;
  private _isReady = false;
  private _current: ITask | null = null;
  private _tasks: ITask[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
