/** From what happened to a ConnectionError: the message, whether it may have been executed, what would make it safe. */
import type { Retry } from '../../terms/outcome.ts';
import type { Attempt } from './attempt.ts';
import { ConnectionError, type Execution } from './connection-error.ts';
import type { ErrorCode } from './error-codes.ts';
import { isRefusedStream } from './failure.ts';
import { isIdempotent } from './safety.ts';

export interface Failure {
  readonly code: ErrorCode;
  readonly cause: unknown;
  readonly attempts: readonly Attempt[];
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly keyed: boolean;
  readonly whyNotResumable: string;
  /** The caller has the head of an answer. */
  readonly answerBegun: boolean;
}

/** The error for the caller. */
export function tellFailure(failure: Failure): ConnectionError {
  const { code, cause, attempts, method, origin, path } = failure;
  const execution = executionOf(attempts);
  const operation = `${method} ${origin}${path.split('?', 1)[0]}`;
  return new ConnectionError({
    code,
    message: messageOf(failure, operation, execution),
    attempts,
    execution,
    retry: retryOf(failure, execution),
    remedy: remedyOf(failure, execution),
    operation,
    cause,
  });
}

/** `not-executed` only when no attempt can have reached the program on the server. */
export function executionOf(attempts: readonly Attempt[]): Execution {
  const never = attempts.every(({ sent, error }) => sent === 'no' || (error !== undefined && isRefusedStream(error)));
  return never ? 'not-executed' : 'maybe-executed';
}

function messageOf(
  { code, cause, attempts, whyNotResumable, answerBegun }: Failure,
  operation: string,
  execution: Execution,
): string {
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  const tries = attempts.length === 1 ? '1 attempt' : `${attempts.length} attempts`;
  const executed = execution === 'not-executed' ? 'it was not executed' : 'it may have been executed';
  switch (code) {
    case 'ERR_FIRSTHAND_NOT_SENT':
      return `${operation} was not sent (${reason}); ${executed}`;
    case 'ERR_FIRSTHAND_MAYBE_EXECUTED':
      return `${operation} failed after it began to leave (${reason}); ${executed}, so it was not sent again`;
    case 'ERR_FIRSTHAND_DEADLINE':
      if (answerBegun) return `the answer to ${operation} had begun when time ran out (${reason}); its rest is missing`;
      return `${operation} ran out of time after ${tries} (${reason}); ${executed}`;
    case 'ERR_FIRSTHAND_BUDGET':
      return `${operation} failed and the retry budget is used up, after ${tries} (${reason}); ${executed}`;
    case 'ERR_FIRSTHAND_CIRCUIT_OPEN':
      return `${operation} was held back because the circuit is open, after ${tries}; ${executed}`;
    case 'ERR_FIRSTHAND_BODY_NOT_REPLAYABLE':
      return `${operation} failed and its body cannot be sent again (${reason}); ${executed}`;
    case 'ERR_FIRSTHAND_RESPONSE_TRUNCATED':
      return `the answer to ${operation} was cut short (${reason}) and the rest cannot be fetched: ${whyNotResumable}`;
    default:
      return `${operation} failed, ${tries} (last: ${reason}); ${executed}`;
  }
}

function retryOf({ method, keyed }: Failure, execution: Execution): Retry {
  return execution === 'not-executed' || keyed || isIdempotent(method) ? 'safe' : 'safe-with-idempotency-key';
}

function remedyOf({ code, method, keyed }: Failure, execution: Execution): string {
  if (code === 'ERR_FIRSTHAND_BODY_NOT_REPLAYABLE')
    return 'pass the body as bytes, or as a function that returns a new stream for each attempt';
  if (code === 'ERR_FIRSTHAND_RESPONSE_TRUNCATED')
    return 'the rest can be fetched where the server sends a strong ETag and honours Range on GET';
  if (execution === 'not-executed') return 'nothing was executed: sending it again is safe';
  if (isIdempotent(method)) return `${method} is idempotent (RFC 9110 §9.2.2): sending it again is safe`;
  if (keyed) return 'sending it again with the same key is safe where the server honours the key';
  return `${method} is not idempotent and carried no key; an Idempotency-Key that the server honours makes it safe`;
}
