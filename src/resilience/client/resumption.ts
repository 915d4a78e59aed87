/** A response body that can be completed on another connection: how much of it came, and what must hold for the rest. */
import type { RawHandler, RawHeaders } from './raw-handler.ts';
import { checkRest, type Checkpoint, toCheckpoint } from './resume.ts';

/** Made only for answers that can be resumed; between the operation and the caller's handler for the body. */
export class Resumption {
  receivedBytes = 0;
  readonly checkpoint: Checkpoint;
  private readonly handler: RawHandler;
  private skipBytes = 0;
  /** Of the whole, as the first or a later answer said. */
  private lengthBytes: number | null;
  private paused = false;
  private resume: () => void;

  constructor(handler: RawHandler, headers: RawHeaders, resume: () => void) {
    this.handler = handler;
    this.checkpoint = toCheckpoint(headers);
    this.lengthBytes = this.checkpoint.lengthBytes;
    this.resume = resume;
  }

  /** Hands the first answer on; false asks for a pause. */
  begin(status: number, headers: RawHeaders, statusText: string): boolean {
    const continueReading = (): void => {
      this.paused = false;
      this.resume();
    };
    const go = this.handler.onHeaders(status, headers, continueReading, statusText);
    this.paused = go === false;
    return go;
  }

  /** Null when a later answer brings the rest, else why it does not. */
  refuse(status: number, headers: RawHeaders): string | null {
    const { etag, encoding } = this.checkpoint;
    const { receivedBytes, lengthBytes } = this;
    const rest = checkRest({ etag, encoding, lengthBytes }, receivedBytes, status, headers);
    if (typeof rest === 'string') return rest;
    this.skipBytes = rest.skipBytes;
    this.lengthBytes = rest.lengthBytes;
    return null;
  }

  /** Reads on from a later answer; false while the caller wants a pause. */
  continueWith(resume: () => void): boolean {
    this.resume = resume;
    return !this.paused;
  }

  /** Hands on what the caller does not have yet; false asks for a pause. */
  onData(chunk: Buffer): boolean {
    let rest = chunk;
    if (this.skipBytes > 0) {
      rest = chunk.subarray(Math.min(this.skipBytes, chunk.length));
      this.skipBytes -= chunk.length - rest.length;
      if (rest.length === 0) return true;
    }
    this.receivedBytes += rest.length;
    const go = this.handler.onData(rest);
    this.paused = go === false;
    return go;
  }

  /** What is missing at the end of an answer that came whole, or null. */
  get shortage(): Error | null {
    const { lengthBytes, skipBytes, receivedBytes } = this;
    if (skipBytes > 0) return new Error(`the whole ended ${skipBytes} bytes before what had come of it`);
    if (lengthBytes === null || receivedBytes === lengthBytes) return null;
    return new Error(`${receivedBytes} of ${lengthBytes} bytes came`);
  }
}
