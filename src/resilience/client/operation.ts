/**
 * One request of a caller and all its attempts: what undici tells of each attempt comes in here, and the caller's
 * handler hears of one request that went well or failed once. Longer than most files, because it is one state machine;
 * every judgement it makes lies in a file of its own.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';

import type { Phase } from '../../terms/phases.ts';
import { type Attempt, type Sent, toAttempt } from './attempt.ts';
import { afterServerMs, backoffMs } from './backoff.ts';
import { isBytes, isReplayable, isSpent, nextBody } from './body.ts';
import type { Breaker } from './breaker.ts';
import type { ErrorCode } from './error-codes.ts';
import { isConnectError, isConnectionFailure, isRefusedStream } from './failure.ts';
import { requestHeader, responseHeader, withHeader } from './headers.ts';
import { isKeyed } from './key-headers.ts';
import { MAX_RETRY_AFTER_MS } from './options.ts';
import { type Cancellable, type Policy, toReason } from './policy.ts';
import { asDispatchHandler, type RawHandler, type RawHeaders } from './raw-handler.ts';
import { cannotResume, checkRest, type Checkpoint, toCheckpoint } from './resume.ts';
import { retryAfterMs } from './retry-after.ts';
import { isIdempotent, safetyOf } from './safety.ts';
import { tellFailure } from './tell-failure.ts';
import { undici } from './undici.ts';
import { expectSocket, failedToConnect, forgetSocket, type Starting } from './watch.ts';

type Options = Dispatcher.DispatchOptions;

/** What is known of a connection; looked up once for each request, so that a WeakMap is never written in between. */
interface Connection {
  /** When an exchange last ended on it, in milliseconds of performance.now(); negative before the first. */
  lastUsedMs: number;
}

const connections = new WeakMap<Socket, Connection>();

function connectionOf(socket: Socket): Connection {
  const known = connections.get(socket);
  if (known !== undefined) return known;
  const fresh = { lastUsedMs: -1 };
  connections.set(socket, fresh);
  return fresh;
}

/** A pool that lost all its connections at once is emptied one by one, without waits and without an end of its own. */
const MAX_STALE = 100;
/** The body of an answer that is thrown away is read up to here, so that the connection can be kept. */
const MAX_DISCARD_BYTES = 65_536;

/**
 * Private by TypeScript only: V8 of Node 20 adds the brand of `#` methods to each instance in a slow call, and one of
 * these is made for every request.
 */
export class Operation implements RawHandler, Starting, Cancellable {
  readonly method: string;
  readonly path: string;
  readonly origin: string;
  private readonly dispatch: Dispatcher.Dispatch;
  private readonly policy: Policy;
  private readonly handler: RawHandler;
  private readonly breaker: Breaker | null;
  private readonly options: Options;
  private attempts: Attempt[] | null = null;
  private n = 0;
  private staleCount = 0;
  private finished = false;
  private told = false;
  private cancelled = false;
  private everStarted = false;
  private startedMs = 0;
  private deadline: NodeJS.Timeout | null = null;
  private endWait: (() => void) | null = null;

  private started = false;
  private mayHaveLeft = false;
  private abortAttempt: ((reason?: Error) => void) | null = null;
  private socket: Socket | null = null;
  private connection: Connection | null = null;
  private bytesBefore = -1;
  private reused = false;
  private idleMs = 0;
  private firstWriteFailed = false;
  private requestSent = false;
  private stalledWrite = false;
  private onDrain: (() => void) | null = null;
  private status = 0;
  private probeDone: ((error?: Error) => void) | null = null;

  /** Milliseconds to wait when the answer that is being thrown away has ended; negative when none is. */
  private discardThenMs = -1;
  private discardedBytes = 0;

  private passed = false;
  private whyNotResumable = '';
  private checkpoint: Checkpoint | null = null;
  private receivedBytes = 0;
  private skipBytes = 0;
  private pausedByCaller = false;
  private resumeAttempt: (() => void) | null = null;

  constructor(dispatch: Dispatcher.Dispatch, options: Options, handler: RawHandler, policy: Policy) {
    this.dispatch = dispatch;
    this.options = options;
    this.handler = handler;
    this.policy = policy;
    this.method = options.method;
    this.path = options.path;
    this.origin = typeof options.origin === 'string' ? options.origin : (options.origin?.origin ?? '');
    this.breaker = policy.breakerOf(this.origin);
  }

  /** Begins the first attempt; what dispatch returns says whether the pool wants more. */
  run(): boolean {
    const policy = this.policy;
    const { deadlineMs, budgetOf, signal } = policy.retry;
    policy.begin(this);
    if (signal !== null && signal.aborted) {
      this.fail(toReason(signal));
      return true;
    }
    if (budgetOf !== null) budgetOf(this.origin).deposit();
    if (deadlineMs !== null) {
      this.startedMs = performance.now();
      this.deadline = setTimeout(() => this.onDeadline(), deadlineMs).unref();
    }
    return this.attempt();
  }

  /** Ends the operation from outside: the client was destroyed, or the signal of its options fired. */
  cancel(reason: Error): void {
    if (this.finished) return;
    this.cancelled = true;
    const abort = this.abortAttempt;
    if (abort !== null) abort(reason);
    // undici may hold an attempt that it has not begun: it is told so when it begins.
    if (!this.finished) this.fail(reason);
  }

  private attempt(): boolean {
    this.n++;
    this.started = false;
    this.mayHaveLeft = false;
    this.abortAttempt = null;
    this.socket = null;
    this.reused = false;
    this.idleMs = 0;
    this.firstWriteFailed = false;
    this.requestSent = false;
    this.stalledWrite = false;
    this.status = 0;
    this.discardThenMs = -1;
    const breaker = this.breaker;
    if (breaker === null || breaker.closed) return this.dispatch(this.nextOptions(), asDispatchHandler(this));
    this.tellCaller();
    breaker.probe(
      (done) => {
        if (this.finished) return done(new Error('given up'));
        this.probeDone = done;
        this.dispatch(this.nextOptions(), asDispatchHandler(this));
      },
      () => this.onCircuitOpen(breaker),
    );
    return true;
  }

  private nextOptions(): Options {
    const options = this.options;
    const factory = typeof options.body === 'function';
    if (!factory && this.receivedBytes === 0) return options;
    const next = { ...options };
    if (factory) next.body = nextBody(options.body) as NonNullable<Options['body']>;
    if (this.checkpoint !== null && this.receivedBytes > 0) {
      next.headers = withHeader(next.headers, 'range', `bytes=${this.receivedBytes}-`);
      next.headers = withHeader(next.headers, 'if-range', this.checkpoint.etag);
    }
    return next;
  }

  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    if (this.finished) {
      abort(new undici.errors.RequestAbortedError());
      return;
    }
    // With pipelining undici itself moves a begun request to another connection.
    if (this.started && this.sent() !== 'no') this.mayHaveLeft = true;
    this.started = true;
    this.everStarted = true;
    this.socket = null;
    this.abortAttempt = abort;
    expectSocket(this);
    if (!this.told) {
      this.told = true;
      this.handler.onConnect?.(this.abort, context);
    }
  }

  get wantsMicrotask(): boolean {
    return !this.policy.hearsSent;
  }

  onSocket(socket: Socket): void {
    const connection = connectionOf(socket);
    const { lastUsedMs } = connection;
    this.socket = socket;
    this.connection = connection;
    this.reused = lastUsedMs >= 0;
    this.idleMs = lastUsedMs < 0 ? 0 : performance.now() - lastUsedMs;
    // A body of bytes is written in one call, of which onFirstWrite hears all; a stream may never begin.
    this.bytesBefore = isBytes(this.options.body) ? -1 : socket.bytesWritten;
  }

  /** What the first write did, before any event can come between. */
  onFirstWrite(): void {
    const socket = this.socket;
    // A stream is written later and in parts: an error then says nothing of the first one.
    if (socket === null || !isBytes(this.options.body)) return;
    const { errored } = socket as { errored?: NodeJS.ErrnoException | null };
    if (errored) this.firstWriteFailed = errored.syscall === 'write';
    else if (socket.writableNeedDrain) {
      this.stalledWrite = true;
      this.onDrain ??= () => (this.stalledWrite = false);
      socket.once('drain', this.onDrain);
    }
  }

  onBodySent(chunk: unknown, total?: number): void {
    this.handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.requestSent = true;
    // undici calls this in the tick of the write when the body is bytes, later when it is a stream.
    this.onFirstWrite();
    this.handler.onRequestSent?.();
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onUpgrade(status: number, headers: RawHeaders, socket: Duplex): void {
    this.settle();
    this.handler.onUpgrade(status, headers, socket);
  }

  onHeaders(status: number, headers: RawHeaders, resume: () => void, statusText: string): boolean {
    if (status < 200) return this.passed || this.handler.onHeaders(status, headers, resume, statusText);
    this.status = status;
    const retryMs = this.retryAnswerMs(status, headers);
    if (retryMs !== null) {
      this.discardThenMs = retryMs;
      this.discardedBytes = 0;
      return true;
    }
    if (this.passed) return this.takeRest(status, headers, resume);
    this.passed = true;
    const ranged = this.method === 'GET' && status === 200 && requestHeader(this.options.headers, 'range') !== null;
    const why = this.policy.raw ? 'resuming is off' : cannotResume(this.method, status, headers, ranged);
    this.whyNotResumable = why ?? '';
    if (why !== null) return this.handler.onHeaders(status, headers, resume, statusText);
    this.checkpoint = toCheckpoint(headers);
    this.resumeAttempt = resume;
    const continueReading = (): void => {
      this.pausedByCaller = false;
      this.resumeAttempt?.();
    };
    const go = this.handler.onHeaders(status, headers, continueReading, statusText);
    this.pausedByCaller = go === false;
    return go;
  }

  onData(chunk: Buffer): boolean {
    if (this.discardThenMs >= 0) {
      this.discardedBytes += chunk.length;
      if (this.discardedBytes > MAX_DISCARD_BYTES)
        this.abortAttempt?.(new Error('the answer is too long to be read for nothing'));
      return true;
    }
    if (this.checkpoint === null) return this.handler.onData(chunk);
    let rest = chunk;
    if (this.skipBytes > 0) {
      rest = chunk.subarray(Math.min(this.skipBytes, chunk.length));
      this.skipBytes -= chunk.length - rest.length;
      if (rest.length === 0) return true;
    }
    this.receivedBytes += rest.length;
    const go = this.handler.onData(rest);
    this.pausedByCaller = go === false;
    return go;
  }

  onComplete(trailers: RawHeaders): void {
    if (this.connection !== null) this.connection.lastUsedMs = performance.now();
    // A layer below does not pass on that the request was written: later ones are looked at in a microtask.
    if (!this.requestSent) this.policy.hearsSent = false;
    this.tellBreaker(
      this.breaker?.settings.statusCodes.has(this.status) ? new Error(`status ${this.status}`) : undefined,
    );
    if (this.discardThenMs >= 0) {
      this.record(undefined);
      this.again(this.discardThenMs);
      return;
    }
    const lengthBytes = this.checkpoint?.lengthBytes ?? null;
    if (lengthBytes !== null && this.receivedBytes !== lengthBytes) {
      this.whyNotResumable = 'the answer that should have brought the rest was short itself';
      const error = new Error(`${this.receivedBytes} of ${lengthBytes} bytes came`);
      this.record(error);
      this.giveUp('ERR_FIRSTHAND_RESPONSE_TRUNCATED', error);
      return;
    }
    if (this.policy.reports) this.policy.report(this.toAttempt(undefined));
    this.settle();
    this.handler.onComplete(trailers);
  }

  onError(error: Error): void {
    forgetSocket(this);
    if (this.finished) return;
    if (this.discardThenMs >= 0 && !this.cancelled) {
      this.tellBreaker(error);
      this.record(undefined);
      this.again(this.discardThenMs);
      return;
    }
    if (this.cancelled || !isConnectionFailure(error)) {
      if (this.policy.reports) this.policy.report(this.toAttempt(error));
      this.probeDone?.(error);
      this.probeDone = null;
      this.fail(error);
      return;
    }
    const attempt = this.record(error);
    const stale = attempt.sent === 'no' && attempt.reused;
    // A dead pooled connection says nothing about the health of the server.
    if (!stale || this.probeDone !== null) this.tellBreaker(error);
    if (stale && this.policy.replacesStale && !this.passed && this.staleCount < MAX_STALE && !this.bodySpent()) {
      this.staleCount++;
      this.again(0);
      return;
    }
    if (this.policy.raw) this.fail(error);
    else if (this.passed) this.afterCut(error);
    else this.afterFailure(attempt, error);
  }

  private afterFailure({ sent }: Attempt, error: Error): void {
    const safety = safetyOf({
      method: this.method,
      sent,
      refusedStream: isRefusedStream(error),
      keyed: this.keyed(),
    });
    if (safety === 'unsafe') this.giveUp('ERR_FIRSTHAND_MAYBE_EXECUTED', error);
    else if (this.bodySpent()) this.giveUp('ERR_FIRSTHAND_BODY_NOT_REPLAYABLE', error);
    else this.retryOrGiveUp(error, backoffMs(this.retries() + 1, this.policy.retry));
  }

  /** The connection ended inside a body of which the caller already has a part. */
  private afterCut(error: Error): void {
    if (this.checkpoint === null) this.giveUp('ERR_FIRSTHAND_RESPONSE_TRUNCATED', error);
    else this.retryOrGiveUp(error, backoffMs(this.retries() + 1, this.policy.retry));
  }

  private onCircuitOpen(breaker: Breaker): void {
    if (this.finished) return;
    const error = new Error(`the circuit of ${this.origin} is open`);
    this.record(error);
    const waitMs = breaker.waitMs;
    const { retry } = this.policy;
    const last = this.retries() + 1 >= retry.maxAttempts;
    if (breaker.settings.whenOpen === 'fail' || last || !this.fits(waitMs))
      this.giveUp('ERR_FIRSTHAND_CIRCUIT_OPEN', error);
    // Nothing is sent meanwhile, so nothing is taken from the budget.
    else this.again(waitMs + backoffMs(this.retries() + 1, retry));
  }

  private retryOrGiveUp(error: Error, delayMs: number): void {
    const { maxAttempts, budgetOf } = this.policy.retry;
    if (this.retries() + 1 >= maxAttempts) {
      if (this.passed) this.whyNotResumable ||= 'every allowed attempt failed';
      const alone = this.attempts!.length === 1 && this.attempts![0]!.sent === 'no';
      if (this.passed) this.giveUp('ERR_FIRSTHAND_RESPONSE_TRUNCATED', error);
      else
        this.giveUp(alone && maxAttempts === 1 ? 'ERR_FIRSTHAND_NOT_SENT' : 'ERR_FIRSTHAND_RETRIES_EXHAUSTED', error);
    } else if (!this.fits(delayMs)) this.giveUp('ERR_FIRSTHAND_DEADLINE', error);
    else if (budgetOf !== null && !budgetOf(this.origin).withdraw()) this.giveUp('ERR_FIRSTHAND_BUDGET', error);
    else this.again(delayMs);
  }

  /** How long to wait before this answer is asked for again, or null to hand it to the caller. */
  private retryAnswerMs(status: number, headers: RawHeaders): number | null {
    const { retry } = this.policy;
    if (!retry.statusCodes.has(status)) return null;
    if (this.retries() + 1 >= retry.maxAttempts) return null;
    if (!isIdempotent(this.method) && !this.keyed()) return null;
    if (this.bodySpent()) return null;
    const askedMs = retryAfterMs(responseHeader(headers, 'retry-after'), Date.now());
    if (askedMs !== null && askedMs > MAX_RETRY_AFTER_MS) return null;
    const delayMs = askedMs === null ? backoffMs(this.retries() + 1, retry) : afterServerMs(askedMs, retry);
    if (!this.fits(delayMs)) return null;
    if (retry.budgetOf !== null && !retry.budgetOf(this.origin).withdraw()) return null;
    return delayMs;
  }

  private takeRest(status: number, headers: RawHeaders, resume: () => void): boolean {
    const skip = checkRest(this.checkpoint!, this.receivedBytes, status, headers);
    if (typeof skip === 'string') {
      this.whyNotResumable = skip;
      const error = new Error(skip);
      this.record(error);
      const abort = this.abortAttempt;
      this.giveUp('ERR_FIRSTHAND_RESPONSE_TRUNCATED', error);
      abort?.(error);
      return true;
    }
    this.skipBytes = skip;
    this.resumeAttempt = resume;
    return !this.pausedByCaller;
  }

  private again(delayMs: number): void {
    this.abortAttempt = null;
    this.stopWatching();
    this.tellCaller();
    // Telling the caller lets it cancel at once.
    if (this.finished) return;
    this.policy.cancellable.add(this);
    const go = (): void => {
      this.endWait = null;
      if (this.policy.retry.signal === null) this.policy.cancellable.delete(this);
      if (!this.finished) this.attempt();
    };
    if (delayMs === 0) {
      // A turn of the event loop lets resets that already arrived empty the pool first.
      const wait = setImmediate(go);
      this.endWait = () => clearImmediate(wait);
    } else {
      const wait = setTimeout(go, delayMs);
      this.endWait = () => clearTimeout(wait);
    }
  }

  /** An attempt that never began gave the caller no way to abort; it needs one before any wait. */
  private tellCaller(): void {
    if (this.told) return;
    this.told = true;
    this.handler.onConnect?.(this.abort, null);
  }

  private readonly abort = (reason?: Error): void => this.cancel(reason ?? new undici.errors.RequestAbortedError());

  private onDeadline(): void {
    const error = new Error(`the deadline of ${this.policy.retry.deadlineMs} ms ended`);
    const abort = this.abortAttempt;
    if (this.endWait === null) this.record(error);
    this.giveUp('ERR_FIRSTHAND_DEADLINE', error);
    abort?.(error);
  }

  private fits(delayMs: number): boolean {
    const { deadlineMs } = this.policy.retry;
    return deadlineMs === null || performance.now() - this.startedMs + delayMs < deadlineMs;
  }

  /** Retries so far, not counting stale connections that were replaced. */
  private retries(): number {
    return this.n - 1 - this.staleCount;
  }

  private keyed(): boolean {
    return isKeyed(this.options.headers);
  }

  private bodySpent(): boolean {
    const { body } = this.options;
    // undici reads ahead of what it writes: a stream that it began with is gone, even where nothing of it left.
    return !isReplayable(body) && (this.everStarted || isSpent(body));
  }

  private sent(): Sent {
    if (this.mayHaveLeft) return 'yes';
    if (!this.started) return 'no';
    const socket = this.socket;
    if (this.status !== 0 || socket === null) return 'yes';
    const isHttp2 = (socket as { alpnProtocol?: string | false | null }).alpnProtocol === 'h2';
    // A session of HTTP/2 writes past the socket object: nothing of it can be counted there.
    if (isHttp2) return 'yes';
    if (this.firstWriteFailed) return 'no';
    if (this.bytesBefore >= 0 && socket.bytesWritten === this.bytesBefore) return 'no';
    return this.stalledWrite || (!this.requestSent && !isBytes(this.options.body)) ? 'partly' : 'yes';
  }

  private phase(error: Error | undefined, sent: Sent): Phase {
    if (error === undefined || this.status !== 0) return 'response';
    if (!this.started) {
      if (!failedToConnect(error)) return isConnectError(error) || !isConnectionFailure(error) ? 'connect' : 'idle';
      return this.origin.startsWith('https:') && !isConnectError(error) ? 'handshake' : 'connect';
    }
    if (sent === 'no') return this.reused ? 'idle' : 'request';
    return sent === 'partly' ? 'request' : 'response';
  }

  private toAttempt(error: Error | undefined): Attempt {
    const sent = this.sent();
    const phase = this.phase(error, sent);
    // A request that undici never began and that failed on an established connection waited on a pooled one.
    const reused = this.reused || (!this.started && phase === 'idle');
    const status = this.status;
    const n = this.n;
    const idleMs = this.idleMs;
    if (error === undefined) return toAttempt({ n, phase, sent, reused, idleMs, status }, this);
    if (status === 0) return toAttempt({ n, phase, sent, reused, idleMs, error }, this);
    return toAttempt({ n, phase, sent, reused, idleMs, status, error }, this);
  }

  private record(error: Error | undefined): Attempt {
    const attempt = this.toAttempt(error);
    (this.attempts ??= []).push(attempt);
    this.policy.report(attempt);
    return attempt;
  }

  private tellBreaker(error: Error | undefined): void {
    const done = this.probeDone;
    if (done !== null) {
      this.probeDone = null;
      done(error);
    } else if (error === undefined) this.breaker?.success();
    else this.breaker?.failure(error);
  }

  private giveUp(code: ErrorCode, cause: Error): void {
    const keyed = this.keyed();
    const { method, path, origin } = this;
    const whyNotResumable = this.whyNotResumable;
    this.fail(
      tellFailure({ code, cause, attempts: this.attempts ?? [], method, path, origin, keyed, whyNotResumable }),
    );
  }

  private fail(error: Error): void {
    if (this.finished) return;
    this.settle();
    this.handler.onError(error);
  }

  private stopWatching(): void {
    if (this.onDrain !== null) this.socket?.off('drain', this.onDrain);
  }

  private settle(): void {
    if (this.finished) return;
    this.finished = true;
    if (this.deadline !== null) clearTimeout(this.deadline);
    this.endWait?.();
    this.endWait = null;
    this.stopWatching();
    this.probeDone?.(new Error('given up'));
    this.probeDone = null;
    this.policy.end(this);
  }
}
