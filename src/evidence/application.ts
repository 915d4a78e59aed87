/** What the two applications were doing when their connection ended. */
import type { Side } from '../terms/actors.ts';
import type { Phase } from '../terms/phases.ts';
import type { Exchange, TlsSide } from '../flow/exchange.ts';
import { isComplete } from '../flow/exchange.ts';
import { streamEnd, type Half } from '../flow/half.ts';
import type { Application, Both } from './facts.ts';

/** TLS 1.3 sends an alert as a data record of two bytes, the content type and a 16-byte tag (RFC 8446 §5.2). */
const TLS13_ALERT_BYTES = 19;
const TLS_ALERT = 21;
const TLS_DATA = 23;
/** Data that stopped this long ago was the end of a message, by the judgement of somebody who watches. */
const MESSAGE_END_MS = 1000;

export function applicationOf(
  exchange: Exchange,
  clientSide: number,
  half: Both<Half>,
  idleMs: number | null,
): Application {
  const both = <T>(pair: readonly [T, T]): Both<T> => ({ client: pair[clientSide]!, server: pair[1 - clientSide]! });
  const opening = both(exchange.opening);
  const tls = both(exchange.tls);
  const isTls =
    opening.client === 'tls' ||
    opening.server === 'tls' ||
    tls.client.handshakeRecords + tls.server.handshakeRecords > 0;
  const lastSpeaker: Side | null =
    exchange.lastSide < 0 ? null : exchange.lastSide === clientSide ? 'client' : 'server';
  const request = exchange.request?.side === clientSide ? exchange.request : null;
  const response = exchange.response?.side === 1 - clientSide ? exchange.response : null;
  const requestComplete = request === null ? null : isComplete(request, streamEnd(half.client, half.server));
  let responseComplete = response === null ? null : isComplete(response, streamEnd(half.server, half.client));
  if (response?.framing === 'close') responseComplete = half.server.finFrame > 0 ? true : null;
  return {
    lastSpeaker,
    opening,
    firstText: both(exchange.firstText),
    request,
    response,
    requests: exchange.requests,
    responses: exchange.responses,
    requestComplete,
    responseComplete,
    pending:
      (request === null && isFarewell(half.client)) || half.server.packets === 0
        ? null
        : pendingRequest(lastSpeaker, request !== null, response !== null, isTls, tls, idleMs),
    tls,
    isTls,
    turns: exchange.turns,
    lastRunBytes: exchange.runBytes,
    lastRunFrame: exchange.runFrame,
  };
}

/** A client that closes within this of its last message says goodbye; it does not wait for an answer. */
const FAREWELL_NS = 5e6;

function isFarewell(client: Half): boolean {
  return client.finFrame > 0 && client.finNs - client.lastDataNs < FAREWELL_NS;
}

export function phaseOf(app: Application, half: Both<Half>, idleMs: number | null): Phase {
  const { client, server } = half;
  const established = server.synAckNs >= 0 || (client.synNs < 0 && server.packets > 0 && client.packets > 0);
  // A capture of one direction shows no SYN+ACK, but a client that goes on got one.
  const onlySyns = client.nextSeq === (client.isn + 1) >>> 0 && client.acked < 0;
  if (client.synNs >= 0 && server.synAckNs < 0 && server.dataPackets === 0 && onlySyns) return 'connect';
  if (client.finFrame > 0 && server.finFrame > 0) return 'closed';
  if (client.finFrame > 0 || server.finFrame > 0) return 'closing';
  if (app.lastSpeaker === null) return !established ? 'unknown' : (idleMs ?? 0) > MESSAGE_END_MS ? 'idle' : 'handshake';
  if (app.isTls && app.tls.client.dataRecords + app.tls.server.dataRecords === 0) return 'handshake';
  if (app.request !== null && app.response === null) return 'request';
  if (app.response !== null) {
    if (app.responseComplete === true) return app.requestComplete === false ? 'request' : 'idle';
    if (app.responseComplete === false) return app.requestComplete === false ? 'request' : 'response';
  }
  if (app.lastSpeaker === 'client') return isCloseNotify(app.tls.client, app.isTls) ? 'closing' : 'request';
  // Data that is repeated in vain is no idle time.
  return (idleMs ?? 0) > MESSAGE_END_MS && server.repeatsUnanswered === 0 ? 'idle' : 'response';
}

/** The last record of a side is an alert, or could be one: TLS 1.3 hides which. */
export function isCloseNotify(side: TlsSide, isTls: boolean): boolean {
  if (!isTls) return false;
  return side.lastType === TLS_ALERT || (side.lastType === TLS_DATA && side.lastLength === TLS13_ALERT_BYTES);
}

function pendingRequest(
  lastSpeaker: Side | null,
  hasRequest: boolean,
  hasResponse: boolean,
  isTls: boolean,
  tls: Both<TlsSide>,
  idleMs: number | null,
): boolean | null {
  if (hasRequest) return !hasResponse && lastSpeaker !== 'server';
  if (hasResponse) return false;
  if (lastSpeaker === null) return false;
  if (lastSpeaker === 'client') return isCloseNotify(tls.client, isTls) ? null : true;
  return (idleMs ?? 0) > MESSAGE_END_MS ? false : null;
}
