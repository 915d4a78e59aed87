/** An answer that nobody gets, because the request is sent again: its body is read, so that the connection can be kept. */

/** The body is read up to here. */
const MAX_BYTES = 65_536;
/** And no longer than this, in milliseconds. */
const MAX_MS = 500;

export class Discard {
  /** Milliseconds to wait before the next attempt. */
  readonly thenMs: number;
  private readonly abort: (reason: Error) => void;
  private readonly limit: NodeJS.Timeout;
  private receivedBytes = 0;

  /** `abort` ends the exchange when its body is too long to be read for nothing. */
  constructor(thenMs: number, abort: (reason: Error) => void) {
    this.thenMs = thenMs;
    this.abort = abort;
    this.limit = setTimeout(() => this.tooLong(), MAX_MS);
  }

  onData(chunk: Buffer): void {
    this.receivedBytes += chunk.length;
    if (this.receivedBytes > MAX_BYTES) this.tooLong();
  }

  /** The exchange is over. */
  stop(): void {
    clearTimeout(this.limit);
  }

  private tooLong(): void {
    this.abort(new Error('the answer is too long to be read for nothing'));
  }
}
