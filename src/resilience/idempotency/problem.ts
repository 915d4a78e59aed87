/** What the middleware itself answers: RFC 9457 problems with stable types. */
import type { StoredResponse } from './store.ts';

interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Seconds; present where the same request may be sent again. */
  readonly retryAfterS?: number;
}

/** Every problem by the last part of its `type`. */
const PROBLEMS = {
  'key-missing': {
    status: 400,
    title: 'Idempotency-Key is missing',
    detail: 'This request must carry an Idempotency-Key: one value per operation, the same on every retry.',
  },
  'key-malformed': {
    status: 400,
    title: 'Idempotency-Key is malformed',
    detail:
      'Send one quoted string of 1 to 255 printable ASCII characters, for example "8e03978e-40d5-43dd-bc93-6894a57f9324".',
  },
  'in-progress': {
    status: 409,
    title: 'A request with this Idempotency-Key is being processed',
    detail: 'Send the same request again later: it will get the answer of the one in progress.',
    // Most end at once; a client adds its own growing wait.
    retryAfterS: 0,
  },
  'outcome-unknown': {
    status: 409,
    title: 'The outcome of the request with this Idempotency-Key is unknown',
    detail:
      'A request with this key was started and never finished. It may have been executed, so it is not run again.',
  },
  'response-not-kept': {
    status: 409,
    title: 'The request was executed, but its response was too large to keep',
    detail: 'Do not send it again under another key. Ask for the resource to see the result.',
  },
  'key-reused': {
    status: 422,
    title: 'Idempotency-Key was used for another request',
    detail: 'Method, path or body differ from the first request with this key. Use a new key for a new operation.',
  },
  'body-too-large': {
    status: 413,
    title: 'The request body is too large',
    detail: 'Nothing was executed.',
  },
  'store-unavailable': {
    status: 503,
    title: 'The store of idempotency keys does not answer',
    detail: 'Send the same request again with the same Idempotency-Key.',
    retryAfterS: 1,
  },
  conflict: {
    status: 503,
    title: 'Another operation changed the same data',
    detail: 'Nothing was executed. Send the same request again with the same Idempotency-Key.',
    retryAfterS: 1,
  },
  'handler-failed': {
    status: 500,
    title: 'The request failed',
    detail: 'The server met an error that it did not expect.',
  },
} satisfies Record<ProblemName, Problem>;

/** The last part of a problem's `type`. */
export type ProblemName =
  | 'key-missing'
  | 'key-malformed'
  | 'in-progress'
  | 'outcome-unknown'
  | 'response-not-kept'
  | 'key-reused'
  | 'body-too-large'
  | 'store-unavailable'
  | 'conflict'
  | 'handler-failed';

const answers: Map<string, StoredResponse> = new Map();

/** The problem as an answer; `extra` members are added to its JSON. */
export function problem(name: ProblemName, extra?: Readonly<Record<string, unknown>>): StoredResponse {
  if (extra !== undefined) return toAnswer(name, extra);
  let answer = answers.get(name);
  if (answer === undefined) answers.set(name, (answer = toAnswer(name, {})));
  return answer;
}

function toAnswer(name: ProblemName, extra: Readonly<Record<string, unknown>>): StoredResponse {
  const { status, title, detail, retryAfterS }: Problem = PROBLEMS[name];
  const body = JSON.stringify({ type: problemType(name), title, status, detail, ...extra });
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' };
  if (retryAfterS !== undefined) headers['retry-after'] = String(retryAfterS);
  return { status, headers, body: Buffer.from(body) };
}

/** The `type` of a problem: names it, resolves to nothing. */
export function problemType(name: ProblemName): string {
  return `urn:firsthand:idempotency:${name}`;
}
