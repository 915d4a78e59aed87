/** For Express and everything that takes (request, response, next): after the body parser. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { capture } from '../capture.ts';
import type { FingerprintBody } from '../fingerprint.ts';
import type { Gate } from '../gate.ts';
import type { RequestLike } from '../options.ts';
import { Run } from '../run.ts';
import { sendAnswer } from '../send.ts';

/** What body parsers leave on a request; `rawBody` is kept by `express.json({ verify })` where the application does. */
export interface ParsedRequest extends IncomingMessage {
  readonly originalUrl?: string;
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** A middleware of Express 5. */
export type ConnectMiddleware = (
  request: ParsedRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

export function expressMiddleware(gate: Gate): ConnectMiddleware {
  return (request, response, next) => {
    if (!gate.isFor(request.method)) return next();
    const key = gate.keyOf(request.headers[gate.settings.header]);
    if (key === null) {
      const run = gate.unkeyed();
      if (run !== null) request.idempotency = run;
      return next();
    }
    if (typeof key !== 'string') return sendAnswer(response, key);
    admit(gate, request, response, key).then((isAdmitted) => {
      if (isAdmitted) next();
    }, next);
  };
}

async function admit(gate: Gate, request: ParsedRequest, response: ServerResponse, key: string): Promise<boolean> {
  const run = await gate.claim(key, {
    method: request.method!,
    url: request.originalUrl ?? request.url!,
    request: request as unknown as RequestLike,
    body: parsedBody(request, request.body, request.rawBody),
    connection: response,
  });
  if (!(run instanceof Run)) {
    sendAnswer(response, run);
    return false;
  }
  request.idempotency = run;
  capture(response, run, gate.settings.maxResponseBytes);
  return true;
}

/** Raw bytes where they were kept, else the parsed body, else all that is known of it: its length. */
export function parsedBody({ headers }: IncomingMessage, body: unknown, rawBody: unknown): FingerprintBody {
  if (rawBody instanceof Uint8Array) return rawBody;
  if (typeof rawBody === 'string') return `s${rawBody}`;
  if (body !== undefined && body !== null) return { parsed: body };
  return `unparsed ${headers['content-length'] ?? headers['transfer-encoding'] ?? ''}`;
}
