/** The error of an operation whose connections failed: every attempt, whether it may have been executed, what helps. */
import type { Retry } from '../../terms/outcome.ts';
import type { Attempt } from './attempt.ts';
import type { ErrorCode } from './error-codes.ts';
import { printConnectionError } from './print-error.ts';

export type Execution = 'not-executed' | 'maybe-executed';

export interface ConnectionErrorInit {
  readonly code: ErrorCode;
  readonly message: string;
  readonly attempts: readonly Attempt[];
  readonly execution: Execution;
  readonly retry: Retry;
  /** What would make a retry safe, or what to do instead. */
  readonly remedy: string;
  /** The operation in a few words: method, address and path. */
  readonly operation: string;
  readonly cause?: unknown;
}

/** An attempt as JSON has it. */
export interface AttemptJson extends Pick<Attempt, 'n' | 'phase' | 'sent' | 'reused' | 'idleMs' | 'status'> {
  readonly error?: { readonly code?: string; readonly message: string };
}

/** What JSON.stringify makes of a ConnectionError. */
export interface ConnectionErrorJson extends Pick<
  ConnectionError,
  'name' | 'message' | 'code' | 'execution' | 'retry'
> {
  readonly attempts: readonly AttemptJson[];
}

const BRAND = Symbol.for('firsthand.ConnectionError');
/** What console.log and uncaught exceptions ask for a text. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * Why an operation failed. `instanceof` holds across two copies of the package; printed, it tells its story.
 * @example
 * catch (error) { const why = error.cause ?? error; if (why instanceof ConnectionError) log(why.code, why.execution); }
 */
export class ConnectionError extends Error {
  /** One of the codes in ERROR_CODES. */
  readonly code: ErrorCode;
  /** Every attempt, in order. */
  readonly attempts: readonly Attempt[];
  /** `not-executed` only where no attempt can have reached the server's program. */
  readonly execution: Execution;
  /** May the caller send the operation again? */
  readonly retry: Retry;
  readonly remedy: string;
  readonly operation: string;

  static override [Symbol.hasInstance](value: unknown): boolean {
    // Inherited by subclasses, of which only their own are instances.
    if (this !== ConnectionError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  constructor({ code, message, attempts, execution, retry, remedy, operation, cause }: ConnectionErrorInit) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ConnectionError';
    this.code = code;
    this.attempts = attempts;
    this.execution = execution;
    this.retry = retry;
    this.remedy = remedy;
    this.operation = operation;
    for (const hidden of ['name', 'remedy', 'operation']) Object.defineProperty(this, hidden, { enumerable: false });
    Object.defineProperty(this, BRAND, { value: true });
    Object.defineProperty(this, INSPECT, { value: () => this.explain() });
  }

  /** The story in the form of `firsthand explain`; what `console.error` prints. */
  explain(): string {
    return printConnectionError(this);
  }

  /** For logs: what is stable, without stacks. */
  toJSON(): ConnectionErrorJson {
    const { name, message, code, execution, retry } = this;
    return { name, message, code, execution, retry, attempts: this.attempts.map(toPlain) };
  }
}

function toPlain({ n, phase, sent, reused, idleMs, status, error }: Attempt): AttemptJson {
  return {
    n,
    phase,
    sent,
    reused,
    idleMs,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error: { ...codeIn(error), message: error.message } }),
  };
}

function codeIn(error: Error): { code?: string } {
  return 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
}
