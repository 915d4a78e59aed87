/** HTTP/1 answers after which the connection ends (RFC 9112 §9.6). */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { newestRequest } from './accepted-before.ts';
import type { Connection, Exchange } from './connection.ts';

/**
 * Makes an answer whose head is still unwritten say `Connection: close`, whatever its handler sets. Of pipelined
 * requests the last says it: the answers before would take the rest down with them.
 */
export function closeAfter(connection: Connection, { request, response }: Exchange): void {
  if (response.headersSent) return;
  const { writeHead } = response;
  const instead = function (this: ServerResponse, status: number, ...rest: unknown[]): ServerResponse {
    const isLast = connection.exchanges.at(-1)?.response === response && isNewest(connection, request);
    if (this.headersSent || status < 200 || !isLast) return Reflect.apply(writeHead, this, [status, ...rest]);
    connection.closing = true;
    this.shouldKeepAlive = false;
    this.removeHeader('keep-alive');
    const at = rest.findIndex((part) => typeof part === 'object' && part !== null);
    if (at === -1) this.setHeader('Connection', 'close');
    else rest[at] = withClose(rest[at] as HeadersGiven);
    return Reflect.apply(writeHead, this, [status, ...rest]);
  };
  response.writeHead = instead as ServerResponse['writeHead'];
}

/** True when only the end of the connection tells the client that the answer is whole (RFC 9112 §6.3). */
export function isCloseDelimited(response: ServerResponse): boolean {
  // Node keeps the head it wrote here; the getters of headers do not know what writeHead() was given.
  const head = (response as unknown as { _header?: string | null })._header;
  return typeof head === 'string' && !/^(?:content-length|transfer-encoding):/im.test(head);
}

/** False when a request came after it that nobody saw come. */
function isNewest({ socket }: Connection, request: IncomingMessage): boolean {
  const newest = newestRequest(socket);
  return newest === null || newest === request;
}

/** What writeHead() takes: an object, or an array of pairs, flat or nested. */
type HeadersGiven = Record<string, unknown> | unknown[];

function withClose(headers: HeadersGiven): HeadersGiven {
  if (!Array.isArray(headers)) {
    const kept = Object.entries(headers).filter(([name]) => !isAboutConnection(name));
    return { ...Object.fromEntries(kept), Connection: 'close' };
  }
  if (Array.isArray(headers[0]))
    return [...(headers as unknown[][]).filter(([name]) => !isAboutConnection(name)), ['Connection', 'close']];
  const kept: unknown[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2)
    if (!isAboutConnection(headers[at])) kept.push(headers[at], headers[at + 1]);
  return [...kept, 'Connection', 'close'];
}

function isAboutConnection(name: unknown): boolean {
  return typeof name === 'string' && /^(?:connection|keep-alive)$/i.test(name);
}
