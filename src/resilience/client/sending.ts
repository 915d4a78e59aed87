/**
 * How much of an attempt left this process, and over which connection: what the socket shows at the moment of the
 * first write, read again when the attempt failed.
 */
import type { Socket } from 'node:net';
// The global of this name is a getter, which costs as much as the clock.
import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';

import type { Phase } from '../../terms/phases.ts';
import { type Attempt, type Sent, toAttempt } from './attempt.ts';
import { isBytes, mayStall } from './body.ts';
import { type Connection, connectionOf } from './connection.ts';
import { isConnectError, isConnectionFailure } from './failure.ts';
import type { Policy } from './policy.ts';
import { failedInUndici, failedToConnect, type Starting } from './watch.ts';

/**
 * One request on its way out, attempt by attempt: told by undici when it begins to write, over which socket, and when it
 * has; asked for an `Attempt` when one has ended.
 *
 * Private by TypeScript only: V8 of Node 20 adds the brand of `#` methods to each instance in a slow call, and one of
 * these is made for every request.
 */
export class Sending implements Starting {
  readonly options: Dispatcher.DispatchOptions;
  private readonly policy: Policy;
  /** Attempts so far, this one included. */
  n = 0;
  /** Of the answer to this attempt; 0 before it. */
  status = 0;
  requestSent = false;
  private started = false;
  private everStarted = false;
  private mayHaveLeft = false;
  private connection: Connection | null = null;
  private bytesBefore = -1;
  private reused = false;
  private idleMs = 0;
  private firstWriteFailed = false;
  private stalledWrite = false;
  private onDrain: (() => void) | null = null;

  constructor(options: Dispatcher.DispatchOptions, policy: Policy) {
    this.options = options;
    this.policy = policy;
  }

  get wantsMicrotask(): boolean {
    return !this.policy.hearsSent;
  }

  get method(): string {
    return this.options.method;
  }

  get path(): string {
    return this.options.path;
  }

  get origin(): string {
    const { origin } = this.options;
    return typeof origin === 'string' ? origin : (origin?.origin ?? '');
  }

  /** Before a later attempt: nothing of it has begun. */
  forgetAttempt(): void {
    this.stopWatching();
    this.started = false;
    this.mayHaveLeft = false;
    this.connection = null;
    this.reused = false;
    this.idleMs = 0;
    this.firstWriteFailed = false;
    this.requestSent = false;
    this.stalledWrite = false;
    this.status = 0;
  }

  /** undici begins to write the attempt. */
  begin(): void {
    // undici with pipelining, and a client inside this one, move a begun request to another connection.
    if (this.started && this.sent(undefined) !== 'no') this.mayHaveLeft = true;
    this.started = true;
    this.everStarted = true;
    this.stopWatching();
    this.connection = null;
    this.bytesBefore = -1;
    this.firstWriteFailed = false;
    this.stalledWrite = false;
    this.requestSent = false;
  }

  onSocket(socket: Socket): void {
    const connection = connectionOf(socket);
    const { lastUsedMs } = connection;
    this.connection = connection;
    this.reused = lastUsedMs >= 0;
    // A whole number: V8 would allocate one with a fraction for each request.
    this.idleMs = lastUsedMs < 0 ? 0 : Math.round(performance.now() - lastUsedMs);
    // A body of bytes is written in one call, of which onFirstWrite hears all; a stream may never begin.
    this.bytesBefore = isBytes(this.options.body) ? -1 : socket.bytesWritten;
  }

  /** What the first write did, before any event can come between. */
  onFirstWrite(): void {
    const { connection } = this;
    const { body } = this.options;
    // A stream is written later and in parts: an error then says nothing of the first one.
    if (connection === null || !isBytes(body)) return;
    const { socket } = connection;
    const { errored } = socket as { errored?: NodeJS.ErrnoException | null };
    if (errored) this.firstWriteFailed = errored.syscall === 'write';
    else if (mayStall(body) && socket.writableNeedDrain) {
      this.stalledWrite = true;
      this.onDrain ??= () => (this.stalledWrite = false);
      socket.once('drain', this.onDrain);
    }
  }

  /** The exchange is over and its connection may carry another one. */
  released(): void {
    if (this.connection !== null) this.connection.lastUsedMs = performance.now();
  }

  stopWatching(): void {
    if (this.onDrain !== null) this.connection?.socket.off('drain', this.onDrain);
  }

  /** Whether undici ever began with the body. */
  get hasBegun(): boolean {
    return this.everStarted;
  }

  toAttempt(error: Error | undefined): Attempt {
    const sent = this.sent(error);
    const phase = this.phase(error, sent);
    // A request that undici never began and that failed on an established connection waited on a pooled one.
    const reused = this.reused || (!this.started && phase === 'idle');
    const { status, n, idleMs } = this;
    if (error === undefined) return toAttempt({ n, phase, sent, reused, idleMs, status }, this);
    if (status === 0) return toAttempt({ n, phase, sent, reused, idleMs, error }, this);
    return toAttempt({ n, phase, sent, reused, idleMs, status, error }, this);
  }

  private sent(error: Error | undefined): Sent {
    if (this.mayHaveLeft) return 'yes';
    if (!this.started) return error !== undefined && isUnexplained(error) ? 'yes' : 'no';
    if (this.status !== 0 || this.connection === null) return 'yes';
    const { socket } = this.connection;
    const isHttp2 = (socket as { alpnProtocol?: string | false | null }).alpnProtocol === 'h2';
    // A session of HTTP/2 writes past the socket object: nothing of it can be counted there.
    if (isHttp2) return 'yes';
    if (this.firstWriteFailed) return 'no';
    if (this.bytesBefore >= 0 && socket.bytesWritten === this.bytesBefore) return 'no';
    return this.stalledWrite || (!this.requestSent && !isBytes(this.options.body)) ? 'partly' : 'yes';
  }

  private phase(error: Error | undefined, sent: Sent): Phase {
    if (error === undefined || this.status !== 0) return 'response';
    if (!this.started && sent === 'no') {
      if (!failedToConnect(error)) return isConnectError(error) || !isConnectionFailure(error) ? 'connect' : 'idle';
      return this.origin.startsWith('https:') && !isConnectError(error) ? 'handshake' : 'connect';
    }
    if (sent === 'no') return this.reused ? 'idle' : 'request';
    return sent === 'partly' ? 'request' : 'response';
  }
}

/**
 * Whether a connection failed somewhere that does not tell when it begins with a request, as MockAgent and agents that
 * are not undici's: what was not begun there is not known.
 */
function isUnexplained(error: Error): boolean {
  return isConnectionFailure(error) && !isConnectError(error) && !failedToConnect(error) && !failedInUndici(error);
}
