/** Questions to the kernel behind a widget, and its answers: whole texts, rulings. */
import { ITextSource } from '../model/fetcher';
import { IWanted, TraceError } from '../model/traces';
import { asObject, asText, Json } from '../record/values';

/** Milliseconds until a kernel's answer is given up: while a cell runs it answers nobody. */
const PATIENCE = 60_000;

/** What is used of anywidget's model (`@anywidget/types`, AnyModel). */
export interface IWidgetModel {
  get(name: string): unknown;
  on(event: string, callback: (...values: unknown[]) => void): void;
  off(event: string, callback?: (...values: unknown[]) => void): void;
  send(content: unknown): void;
}

export class Kernel {
  constructor(model: IWidgetModel, patience = PATIENCE) {
    this._model = model;
    this._patience = patience;
    model.on('msg:custom', this._receive);
  }

  /** Rejects with what the kernel says against it, or that it says nothing. */
  async ask(type: string, question: Json): Promise<Json> {
    const token = ++this._last;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const answer = new Promise<Json>((resolve, reject) => {
      const late = (): void =>
        reject(
          new TraceError('the kernel does not answer: it is busy or gone')
        );
      timer = setTimeout(late, this._patience);
      this._waiting.set(token, resolve);
    });
    this._model.send({ ...question, type, token });
    try {
      const found = await answer;
      if (asText(found.problem)) {
        throw new TraceError(asText(found.problem));
      }
      return found;
    } finally {
      clearTimeout(timer);
      this._waiting.delete(token);
    }
  }

  dispose(): void {
    this._model.off('msg:custom', this._receive);
  }

  private _receive = (content: unknown): void => {
    const answer = asObject(content);
    if (answer.type === 'answer' && typeof answer.token === 'number') {
      this._waiting.get(answer.token)?.(answer);
    }
  };
  private _model: IWidgetModel;
  private _patience: number;
  private _waiting = new Map<number, (answer: Json) => void>();
  private _last = 0;
}

/** Whole texts, asked of the kernel. */
export class KernelTexts implements ITextSource {
  readonly place = 'the kernel';

  constructor(kernel: Kernel) {
    this._kernel = kernel;
  }

  pathOf(file: string): string | null {
    return file;
  }

  async read(_: string, { keys, found }: IWanted): Promise<void> {
    const { texts } = await this._kernel.ask('texts', { keys: [...keys] });
    for (const [key, pair] of Object.entries(asObject(texts))) {
      if (keys.has(key) && Array.isArray(pair)) {
        const [reasoning, answer] = pair.map(asText);
        found(key, { reasoning, answer }, false);
      }
    }
  }

  private _kernel: Kernel;
}
