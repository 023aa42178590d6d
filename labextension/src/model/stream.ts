/**
 * Streams of samples in flight: each update carries what was written since the last, and here it becomes one text.
 */
import { InFlight, keyOf } from '../record/record';
import { pythonIndex, pythonLength } from '../text/clean';

/** A text that arrives in pieces, some of which may be missing. Offsets count characters as Python does. */
export class Stitched {
  /** What has been seen, with the offset at which each stretch begins. */
  readonly stretches: { at: number; text: string }[] = [];

  /** Offset up to which the text is known. */
  get end(): number {
    return this._end;
  }

  /** Take in `tail`, which begins at `at`. Returns whether anything was new. */
  add(tail: string, at: number): boolean {
    const until = at + pythonLength(tail);
    if (!tail || until <= this._end) {
      return false;
    }
    const last = this.stretches[this.stretches.length - 1];
    if (last !== undefined && at <= this._end) {
      last.text += tail.slice(pythonIndex(tail, this._end - at));
    } else {
      this.stretches.push({ at, text: tail });
    }
    this._end = until;
    return true;
  }

  /** The text as far as it was seen, with a line where something is missing. */
  get text(): string {
    let end = 0;
    return this.stretches
      .map(({ at, text }) => {
        const missing = at - end;
        end = at + pythonLength(text);
        return missing > 0 ? `${gap(missing)}${text}` : text;
      })
      .join('');
  }

  private _end = 0;
}

function gap(characters: number): string {
  return `\n\n[… ${characters.toLocaleString('en')} characters not seen …]\n\n`;
}

export interface IStream {
  flight: InFlight;
  reasoning: Stitched;
  answer: Stitched;
}

/** The streams of a run, over all its updates. */
export class Streams {
  /** Streams under way, in the order of the latest update. */
  get current(): IStream[] {
    return this._current;
  }

  /** What was seen of a sample's stream, also after its end. */
  get(key: string): IStream | undefined {
    return this._streams.get(key);
  }

  /** `reading`: the sample that is watched stays when its stream has ended, and is being graded. */
  update(flights: InFlight[], reading: string | null = null): void {
    const watched = reading === null ? undefined : this._streams.get(reading);
    this._current = flights.map(flight => {
      const key = keyOf(flight);
      let stream = this._streams.get(key);
      if (stream === undefined || stream.flight.attempt !== flight.attempt) {
        stream = {
          flight,
          reasoning: new Stitched(),
          answer: new Stitched()
        };
        this._streams.set(key, stream);
      }
      stream.flight = flight;
      stream.reasoning.add(flight.reasoning_tail, flight.reasoning_at);
      stream.answer.add(flight.answer_tail, flight.answer_at);
      return stream;
    });
    if (watched !== undefined && !this._current.includes(watched)) {
      watched.flight = { ...watched.flight, phase: 'grading' };
      this._current.push(watched);
    }
  }

  /** Forget ended streams but the one that is being read. */
  forget(except: string | null): void {
    const current = new Set(this._current.map(({ flight }) => keyOf(flight)));
    for (const key of this._streams.keys()) {
      if (!current.has(key) && key !== except) {
        this._streams.delete(key);
      }
    }
  }

  private _streams = new Map<string, IStream>();
  private _current: IStream[] = [];
}
