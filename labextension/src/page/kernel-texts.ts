/** Whole texts, asked of the kernel behind a widget. */
import { ITextSource } from '../model/fetcher';
import { IWanted, TraceError } from '../model/traces';
import { asObject, asText } from '../record/values';

/** Milliseconds until a kernel's answer is given up: while a cell runs it answers nobody. */
const PATIENCE = 60_000;

/** What is used of anywidget's model (`@anywidget/types`, AnyModel). */
export interface IWidgetModel {
  get(name: string): unknown;
  on(event: string, callback: (...values: unknown[]) => void): void;
  off(event: string, callback?: (...values: unknown[]) => void): void;
  send(content: unknown): void;
}

/** Whole texts, asked of the kernel; no answer comes while it is busy or gone. */
export class KernelTexts implements ITextSource {
  readonly place = 'the kernel';

  constructor(model: IWidgetModel, patience = PATIENCE) {
    this._model = model;
    this._patience = patience;
    model.on('msg:custom', this._receive);
  }

  pathOf(file: string): string | null {
    return file;
  }

  async read(_: string, { keys, found }: IWanted): Promise<void> {
    const token = ++this._last;
    const answer = new Promise<unknown>((resolve, reject) => {
      const late = (): void =>
        reject(
          new TraceError('the kernel does not answer: it is busy or gone')
        );
      const timer = setTimeout(late, this._patience);
      this._waiting.set(token, value => {
        clearTimeout(timer);
        resolve(value);
      });
    });
    this._model.send({ type: 'texts', token, keys: [...keys] });
    try {
      const { texts, problem } = asObject(await answer);
      if (asText(problem)) {
        throw new TraceError(asText(problem));
      }
      for (const [key, pair] of Object.entries(asObject(texts))) {
        if (keys.has(key) && Array.isArray(pair)) {
          const [reasoning, text] = pair.map(asText);
          found(key, { reasoning, answer: text }, false);
        }
      }
    } finally {
      this._waiting.delete(token);
    }
  }

  dispose(): void {
    this._model.off('msg:custom', this._receive);
  }

  private _receive = (content: unknown): void => {
    const { type, token } = asObject(content);
    if (type === 'texts' && typeof token === 'number') {
      this._waiting.get(token)?.(content);
    }
  };
  private _model: IWidgetModel;
  private _patience: number;
  private _waiting = new Map<number, (value: unknown) => void>();
  private _last = 0;
}
