/**
 * One request of a caller and all its attempts: what undici tells of each attempt comes in here, and the caller's
 * handler hears of one request that went well or failed once. Longer than most files, because it is one state machine;
 * every judgement it makes lies in a file of its own.
 */
import type { Duplex } from 'node:stream';
import type { Dispatcher } from 'undici';

import type { Attempt } from './attempt.ts';
import { answerDelayMs, isRepeatable } from './answer-delay.ts';
import { backoffMs } from './backoff.ts';
import { isReplayable, isSpent, nextBody } from './body.ts';
import type { Breaker, Entrant, Probe } from './breaker.ts';
import { Discard } from './discard.ts';
import type { ErrorCode } from './error-codes.ts';
import { isConnectionFailure, isRefusedStream } from './failure.ts';
import { toReason } from './follow-signal.ts';
import { requestHeader, withHeader } from './headers.ts';
import { isKeyed } from './key-headers.ts';
import type { Cancellable, Policy } from './policy.ts';
import { asDispatchHandler, type RawHandler, type RawHeaders } from './raw-handler.ts';
import { cannotResume } from './resume.ts';
import { Resumption } from './resumption.ts';
import { isIdempotent, safetyOf } from './safety.ts';
import { Sending } from './sending.ts';
import { tellFailure } from './tell-failure.ts';
import { undici } from './undici.ts';
import { enterStart, forgetSocket, leaveStart, startAgain, type Starting } from './watch.ts';

type Options = Dispatcher.DispatchOptions;

/** A pool that lost all its connections at once is emptied one by one, without waits and without an end of its own. */
const MAX_STALE = 100;

export class Operation implements RawHandler, Cancellable, Entrant {
  private readonly options: Options;
  private readonly sending: Sending;
  private readonly dispatch: Dispatcher.Dispatch;
  private readonly policy: Policy;
  private readonly handler: RawHandler;
  private readonly breaker: Breaker | null;
  private attempts: Attempt[] | null = null;
  private staleCount = 0;
  private finished = false;
  private told = false;
  private cancelled = false;
  private deadlineAtMs = 0;
  private deadline: NodeJS.Timeout | null = null;
  private endWait: (() => void) | null = null;
  private abortAttempt: ((reason?: Error) => void) | null = null;
  private probe: Probe | null = null;
  /** The breaker counts this attempt among those that have no answer yet. */
  private awaited = false;
  /** Operations of dispatchers around this one that run the same request. */
  private above: readonly Starting[] | null = null;

  /** The answer that is being thrown away, if one is. */
  private discard: Discard | null = null;
  /** The caller has the head of an answer. */
  private passed = false;
  private whyNotResumable = '';
  private resumption: Resumption | null = null;

  constructor(dispatch: Dispatcher.Dispatch, options: Options, handler: RawHandler, policy: Policy) {
    this.options = options;
    this.sending = new Sending(options, policy);
    this.dispatch = dispatch;
    this.handler = handler;
    this.policy = policy;
    this.breaker = policy.breakerOf(this.sending.origin);
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
    if (budgetOf !== null) budgetOf(this.sending.origin).deposit();
    if (deadlineMs !== null) {
      this.deadlineAtMs = Math.round(performance.now() + deadlineMs);
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
    if (this.sending.n > 0) {
      this.sending.forgetAttempt();
      this.abortAttempt = null;
    }
    this.sending.n++;
    const breaker = this.breaker;
    if (breaker === null || breaker.closed) return this.send();
    this.tellCaller();
    if (this.finished) return true;
    this.policy.cancellable.add(this);
    this.endWait = () => breaker.leave(this);
    breaker.enter(this);
    return true;
  }

  onProbe(probe: Probe): void {
    this.waited();
    if (this.finished) return probe.abandon();
    this.probe = probe;
    this.send();
  }

  onCircuitClosed(): void {
    this.waited();
    if (!this.finished) this.send();
  }

  private send(): boolean {
    let options: Options | null = null;
    try {
      options = this.nextOptions();
      return this.dispatch(options, asDispatchHandler(this));
    } catch (thrown) {
      // What the caller's own handler throws when it is told of the end is the caller's.
      if (this.finished) throw thrown;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (options === null && this.attempts !== null) this.giveUp('ERR_FIRSTHAND_BODY_NOT_REPLAYABLE', error);
      else this.fail(error);
      return true;
    }
  }

  private nextOptions(): Options {
    const options = this.options;
    const factory = typeof options.body === 'function';
    const resumption = this.resumption;
    const rest = resumption !== null && resumption.receivedBytes > 0;
    if (!factory && !rest) return options;
    const next = { ...options };
    if (factory) next.body = nextBody(options.body) as NonNullable<Options['body']>;
    if (rest) {
      next.headers = withHeader(next.headers, 'range', `bytes=${resumption.receivedBytes}-`);
      next.headers = withHeader(next.headers, 'if-range', resumption.checkpoint.etag);
    }
    return next;
  }

  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    if (this.finished) {
      abort(new undici.errors.RequestAbortedError());
      return;
    }
    this.sending.begin();
    this.tellAwaited(true);
    this.abortAttempt = abort;
    const entered = enterStart(this.sending);
    try {
      if (!this.told) {
        this.told = true;
        this.handler.onConnect?.((reason) => this.cancel(reason ?? new undici.errors.RequestAbortedError()), context);
      } else if (this.above !== null) startAgain(this.above);
    } finally {
      this.above = leaveStart(entered);
    }
  }

  onBodySent(chunk: unknown, total?: number): void {
    this.handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.sending.requestSent = true;
    // undici calls this in the tick of the write when the body is bytes, later when it is a stream.
    this.sending.onFirstWrite();
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
    this.sending.status = status;
    this.tellAwaited(false);
    // The head is all that is asked of a probe: a body may take as long as it likes.
    if (this.probe !== null) this.tellBreaker(this.statusFailure());
    if (isRepeatable(status, this.policy.retry)) {
      const retryMs = this.retryAnswerMs(status, headers);
      if (retryMs !== null) {
        this.discard = new Discard(retryMs, this.abortAttempt!);
        return true;
      }
    }
    if (this.passed) return this.takeRest(status, headers, resume);
    this.passed = true;
    // Only the answer to a plain GET can be resumed; why another cannot is told when it is cut.
    if (status !== 200 || this.sending.method !== 'GET' || this.policy.raw || this.isRanged())
      return this.handler.onHeaders(status, headers, resume, statusText);
    const why = cannotResume(this.sending.method, status, headers, false);
    if (why !== null) {
      this.whyNotResumable = why;
      return this.handler.onHeaders(status, headers, resume, statusText);
    }
    this.resumption = new Resumption(this.handler, headers, resume);
    return this.resumption.begin(status, headers, statusText);
  }

  onData(chunk: Buffer): boolean {
    if (this.discard === null)
      return this.resumption === null ? this.handler.onData(chunk) : this.resumption.onData(chunk);
    this.discard.onData(chunk);
    return true;
  }

  onComplete(trailers: RawHeaders): void {
    this.sending.released();
    // A layer below does not pass on that the request was written: later ones are looked at in a microtask.
    if (!this.sending.requestSent) this.policy.hearsSent = false;
    this.tellBreaker(this.statusFailure());
    if (this.discard !== null) {
      this.record(undefined);
      this.again(this.discard.thenMs);
      return;
    }
    const shortage = this.resumption === null ? null : this.resumption.shortage;
    if (shortage !== null) {
      this.whyNotResumable = 'the answer that should have brought the rest was short itself';
      this.record(shortage);
      this.giveUp('ERR_FIRSTHAND_RESPONSE_TRUNCATED', shortage);
      return;
    }
    if (this.policy.reports) this.policy.report(this.sending.toAttempt(undefined));
    this.settle();
    this.handler.onComplete(trailers);
  }

  onError(error: Error): void {
    forgetSocket(this.sending);
    if (this.finished) return;
    if (this.discard !== null && !this.cancelled) {
      this.tellBreaker(this.statusFailure());
      this.record(undefined);
      this.again(this.discard.thenMs);
      return;
    }
    if (this.cancelled || !isConnectionFailure(error)) {
      if (this.policy.reports) this.policy.report(this.sending.toAttempt(error));
      this.fail(error);
      return;
    }
    const attempt = this.record(error);
    const stale = attempt.sent === 'no' && attempt.reused;
    // A dead pooled connection says nothing about the health of the server.
    if (stale) this.abandonProbe();
    else this.tellBreaker(error);
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
      method: this.sending.method,
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
    if (this.resumption === null) {
      this.whyNotResumable ||= cannotResume(this.sending.method, this.sending.status, [], this.isRanged()) ?? '';
      this.giveUp('ERR_FIRSTHAND_RESPONSE_TRUNCATED', error);
    } else this.retryOrGiveUp(error, backoffMs(this.retries() + 1, this.policy.retry));
  }

  onCircuitOpen(): void {
    const breaker = this.breaker!;
    this.waited();
    if (this.finished) return;
    const error = new Error(`the circuit of ${this.sending.origin} is open`);
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
    else if (budgetOf !== null && !budgetOf(this.sending.origin).withdraw()) this.giveUp('ERR_FIRSTHAND_BUDGET', error);
    else this.again(delayMs);
  }

  /** How long to wait before this answer is asked for again, or null to hand it to the caller. */
  private retryAnswerMs(status: number, headers: RawHeaders): number | null {
    const { retry } = this.policy;
    const next = this.retries() + 1;
    if (next >= retry.maxAttempts) return null;
    const keyed = this.keyed();
    if (!keyed && !isIdempotent(this.sending.method)) return null;
    if (this.bodySpent()) return null;
    const delayMs = answerDelayMs(status, headers, keyed, next, retry);
    if (delayMs === null || !this.fits(delayMs)) return null;
    if (retry.budgetOf !== null && !retry.budgetOf(this.sending.origin).withdraw()) return null;
    return delayMs;
  }

  private takeRest(status: number, headers: RawHeaders, resume: () => void): boolean {
    const resumption = this.resumption!;
    const why = resumption.refuse(status, headers);
    if (why === null) return resumption.continueWith(resume);
    this.whyNotResumable = why;
    const error = new Error(why);
    this.record(error);
    const abort = this.abortAttempt;
    this.giveUp('ERR_FIRSTHAND_RESPONSE_TRUNCATED', error);
    abort?.(error);
    return true;
  }

  private isRanged(): boolean {
    return requestHeader(this.options.headers, 'range') !== null;
  }

  private again(delayMs: number): void {
    this.abortAttempt = null;
    this.tellAwaited(false);
    this.sending.stopWatching();
    this.stopDiscarding();
    this.tellCaller();
    // Telling the caller lets it cancel at once.
    if (this.finished) return;
    this.policy.cancellable.add(this);
    const go = (): void => {
      this.waited();
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

  private waited(): void {
    this.endWait = null;
    if (this.policy.retry.signal === null) this.policy.cancellable.delete(this);
  }

  private stopDiscarding(): void {
    if (this.discard !== null) this.discard.stop();
    this.discard = null;
  }

  /** An attempt that never began gave the caller no way to abort; it needs one before any wait. */
  private tellCaller(): void {
    if (this.told) return;
    this.told = true;
    this.handler.onConnect?.((reason) => this.cancel(reason ?? new undici.errors.RequestAbortedError()), null);
  }

  private onDeadline(): void {
    const error = new Error(`the deadline of ${this.policy.retry.deadlineMs} ms ended`);
    const abort = this.abortAttempt;
    if (this.endWait === null) {
      this.record(error);
      this.probe?.end(error);
    }
    this.giveUp('ERR_FIRSTHAND_DEADLINE', error);
    abort?.(error);
  }

  private fits(delayMs: number): boolean {
    const { deadlineMs } = this.policy.retry;
    return deadlineMs === null || performance.now() + delayMs < this.deadlineAtMs;
  }

  /** Retries so far, not counting stale connections that were replaced. */
  private retries(): number {
    return this.sending.n - 1 - this.staleCount;
  }

  private keyed(): boolean {
    return isKeyed(this.options);
  }

  private bodySpent(): boolean {
    const { body } = this.options;
    // undici reads ahead of what it writes: a stream that it began with is gone, even where nothing of it left.
    return !isReplayable(body) && (this.sending.hasBegun || isSpent(body));
  }

  private record(error: Error | undefined): Attempt {
    const attempt = this.sending.toAttempt(error);
    (this.attempts ??= []).push(attempt);
    this.policy.report(attempt);
    return attempt;
  }

  private tellBreaker(error: Error | undefined): void {
    const { probe, breaker } = this;
    if (probe !== null) {
      this.probe = null;
      probe.end(error);
    } else if (error === undefined) breaker?.success();
    else breaker?.failure(error);
  }

  private tellAwaited(awaited: boolean): void {
    if (this.awaited === awaited) return;
    this.awaited = awaited;
    if (awaited) this.breaker?.awaits();
    else this.breaker?.awaitsNoMore();
  }

  /** What the status says of the health of the origin. */
  private statusFailure(): Error | undefined {
    const { breaker } = this;
    const { status } = this.sending;
    if (breaker === null || !breaker.settings.statusCodes.has(status)) return undefined;
    return new Error(`status ${status}`);
  }

  /** Nothing was learned of the origin: what the caller ended says nothing of it. */
  private abandonProbe(): void {
    const { probe } = this;
    this.probe = null;
    probe?.abandon();
  }

  private giveUp(code: ErrorCode, cause: Error): void {
    const keyed = this.keyed();
    const { method, path, origin } = this.sending;
    const { whyNotResumable, passed: answerBegun } = this;
    const attempts = this.attempts ?? [];
    this.fail(tellFailure({ code, cause, attempts, method, path, origin, keyed, whyNotResumable, answerBegun }));
  }

  private fail(error: Error): void {
    if (this.finished) return;
    this.settle();
    this.handler.onError(error);
  }

  private settle(): void {
    if (this.finished) return;
    this.finished = true;
    this.tellAwaited(false);
    if (this.deadline !== null) clearTimeout(this.deadline);
    this.endWait?.();
    this.endWait = null;
    this.sending.stopWatching();
    this.stopDiscarding();
    this.abandonProbe();
    this.policy.end(this);
  }
}
