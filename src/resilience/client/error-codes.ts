/** Every code a ConnectionError can carry: what it states and what to do. One table, stable once published. */

export type ErrorCode = `ERR_FIRSTHAND_${string}`;

export interface ErrorMeaning {
  readonly meaning: string;
  readonly todo: string;
}

/** The codes of firsthand/client. */
export const ERROR_CODES: Readonly<Record<ErrorCode, ErrorMeaning>> = {
  ERR_FIRSTHAND_NOT_SENT: {
    meaning: 'no byte of the request left this process, and no further attempt was allowed',
    todo: 'send it again: it cannot have been executed',
  },
  ERR_FIRSTHAND_MAYBE_EXECUTED: {
    meaning: 'the connection failed after the request had begun to leave, and sending it again could execute it twice',
    todo: 'send an Idempotency-Key that the server honours, or ask the server what became of it',
  },
  ERR_FIRSTHAND_RETRIES_EXHAUSTED: {
    meaning: 'every allowed attempt failed',
    todo: 'find out why the connections end; more attempts only if the fault passes by itself',
  },
  ERR_FIRSTHAND_DEADLINE: {
    meaning: 'the total deadline ended first, or the next attempt could not have begun before it',
    todo: 'raise deadlineMs, or treat the operation as failed',
  },
  ERR_FIRSTHAND_BUDGET: {
    meaning: 'the retry budget is used up: more retries would add to an outage',
    todo: 'let the server recover; the budget fills again by itself',
  },
  ERR_FIRSTHAND_CIRCUIT_OPEN: {
    meaning: 'too many attempts on this origin failed in a row; nothing was sent this time',
    todo: 'wait for the probe, or fall back',
  },
  ERR_FIRSTHAND_BODY_NOT_REPLAYABLE: {
    meaning: 'the request could be sent again, but its body is a stream that was already read',
    todo: 'pass the body as bytes, or as a function that returns a new stream',
  },
  ERR_FIRSTHAND_RESPONSE_TRUNCATED: {
    meaning: 'the connection ended inside the response body and the rest could not be fetched',
    todo: 'ask again for the whole; for resuming the server must send a strong ETag and honour Range',
  },
};
