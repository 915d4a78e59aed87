/** For node:http, https and http2's compatibility API: a listener around the application's. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { capture } from '../capture.ts';
import type { Gate } from '../gate.ts';
import type { RequestLike } from '../options.ts';
import { problem } from '../problem.ts';
import { readAndUnread } from '../raw-body.ts';
import { Run } from '../run.ts';
import { sendAnswer } from '../send.ts';

/** A listener that may be async: what it rejects with becomes a 500. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Wraps `listener`; requests of other methods go straight to it. */
export function httpHandler(gate: Gate, listener: Listener): RequestListener {
  return (request, response) => {
    if (!gate.isFor(request.method)) return void listener(request, response);
    const key = gate.keyOf(request.headers[gate.settings.header]);
    if (key === null) {
      const run = gate.unkeyed();
      if (run === null) return void listener(request, response);
      request.idempotency = run;
      return void answer(gate, listener, request, response, run);
    }
    if (typeof key !== 'string') return sendAnswer(response, key);
    void admit(gate, listener, request, response, key);
  };
}

async function admit(
  gate: Gate,
  listener: Listener,
  request: IncomingMessage,
  response: ServerResponse,
  key: string,
): Promise<void> {
  const { settings } = gate;
  let body;
  try {
    body = await readAndUnread(request, settings.maxRequestBytes);
  } catch {
    // The client went away while it sent: nobody to answer, nothing claimed.
    return;
  }
  if (body === null) return sendAnswer(response, problem('body-too-large'));
  try {
    const run = await gate.claim(key, {
      method: request.method!,
      url: request.url!,
      request: request as unknown as RequestLike,
      body,
      connection: response,
    });
    if (!(run instanceof Run)) return sendAnswer(response, run);
    request.idempotency = run;
    capture(response, run, settings.maxResponseBytes);
    await answer(gate, listener, request, response, run);
  } catch (error) {
    settings.onError(error);
    sendAnswer(response, problem('handler-failed'));
  }
}

async function answer(
  gate: Gate,
  listener: Listener,
  request: IncomingMessage,
  response: ServerResponse,
  run: Run,
): Promise<void> {
  try {
    await listener(request, response);
  } catch (error) {
    gate.settings.onError(error);
    // What has ended is on its way, whatever came after.
    if (response.writableEnded) return;
    if (!response.headersSent) return sendAnswer(response, problem('handler-failed'));
    // A response that broke off in the middle is not an answer to replay.
    response.destroy();
    run.abandon();
  }
}
