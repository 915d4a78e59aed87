/**
 * HTTP/1 message heads as far as the captured bytes show them (RFC 9112). Bytes come from strangers: every scan is
 * bounded by the captured length, and a head that the snap length cut stays incomplete.
 */

/** How the end of a body is known (RFC 9112 §6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'close' | 'unknown';

export interface HttpMessage {
  readonly side: number;
  readonly frame: number;
  readonly tNs: number;
  /** Start line, at most 120 characters, unescaped. */
  readonly line: string;
  /** Empty for a response. */
  readonly method: string;
  /** 0 for a request. */
  readonly status: number;
  /** Sequence number of the first body byte; meaningful when the whole head was captured. */
  readonly bodySeq: number;
  readonly headComplete: boolean;
  readonly framing: Framing;
  /** Body bytes announced, -1 when not announced. */
  readonly bodyLength: number;
  /** `Connection: close` was said. */
  readonly closes: boolean;
  /** `Expect: 100-continue` was said: the body waits for a go-ahead. */
  readonly expects: boolean;
  /** Seconds of `Keep-Alive: timeout=`, -1 when not said. */
  readonly keepAliveS: number;
  /** `Server` or `User-Agent`. */
  readonly product: string;
  /** `Via`, or the sign of a forwarding hop such as `X-Forwarded-For`. */
  readonly via: string;
  /** The zero-length chunk that ends a chunked body was seen. */
  chunkEnd: boolean;
}

const METHODS = ['GET ', 'POST ', 'PUT ', 'HEAD ', 'DELETE ', 'PATCH ', 'OPTIONS ', 'TRACE ', 'CONNECT ', 'QUERY '];
const MAX_HEAD_BYTES = 8192;

/** True when the bytes begin like an HTTP/1 request or response. */
export function looksLikeHttp(view: DataView, at: number, captured: number): 'request' | 'response' | null {
  if (captured < 4) return null;
  if (startsWith(view, at, captured, 'HTTP/1.')) return 'response';
  return METHODS.some((method) => startsWith(view, at, captured, method)) ? 'request' : null;
}

/** Reads the message head that begins at `at`; the caller has checked that it looks like one. */
export function readHead(
  view: DataView,
  at: number,
  captured: number,
  context: { side: number; frame: number; tNs: number; seq: number; answers: string },
): HttpMessage {
  const text = latin1(view, at, Math.min(captured, MAX_HEAD_BYTES));
  const headEnd = text.indexOf('\r\n\r\n');
  const head = headEnd < 0 ? text : text.slice(0, headEnd + 2);
  const line = head.slice(0, Math.max(0, lineEnd(head))).slice(0, 120);
  const isResponse = line.startsWith('HTTP/1.');
  const status = isResponse ? Number.parseInt(line.slice(9, 12), 10) || 0 : 0;
  const method = isResponse ? '' : line.slice(0, Math.max(0, line.indexOf(' ')));
  const lengthText = header(head, 'content-length').trim();
  const bodyLength = /^\d{1,15}$/.test(lengthText) ? Number(lengthText) : -1;
  const chunked = header(head, 'transfer-encoding').toLowerCase().includes('chunked');
  const connection = header(head, 'connection').toLowerCase();
  const keepAlive = /timeout=(\d{1,6})/.exec(header(head, 'keep-alive'));
  return {
    side: context.side,
    frame: context.frame,
    tNs: context.tNs,
    line,
    method,
    status,
    bodySeq: (context.seq + headEnd + 4) >>> 0,
    headComplete: headEnd >= 0,
    framing: framingOf(isResponse, status, context.answers, chunked, bodyLength, headEnd >= 0),
    bodyLength,
    closes: connection.includes('close') || (line.endsWith('HTTP/1.0') && !connection.includes('keep-alive')),
    expects: header(head, 'expect').toLowerCase().includes('100-continue'),
    keepAliveS: keepAlive ? Number(keepAlive[1]) : -1,
    product: header(head, isResponse ? 'server' : 'user-agent')
      .trim()
      .slice(0, 60),
    via: (header(head, 'via') || header(head, 'x-forwarded-for') || header(head, 'forwarded')).trim().slice(0, 60),
    chunkEnd: false,
  };
}

/** Whether the bytes end a chunked body. */
export function endsChunkedBody(view: DataView, at: number, captured: number): boolean {
  return captured >= 5 && latin1(view, at + captured - 5, 5) === '0\r\n\r\n';
}

/** Latin-1 text of the bytes: every byte one character, nothing can fail. */
export function latin1(view: DataView, at: number, length: number): string {
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(view.getUint8(at + i));
  return text;
}

function framingOf(
  isResponse: boolean,
  status: number,
  answers: string,
  chunked: boolean,
  bodyLength: number,
  headComplete: boolean,
): Framing {
  if (isResponse && (status === 204 || status === 304 || status < 200 || answers === 'HEAD')) return 'none';
  if (chunked) return 'chunked';
  if (bodyLength >= 0) return 'length';
  if (!headComplete) return 'unknown';
  return isResponse ? 'close' : 'none';
}

function startsWith(view: DataView, at: number, captured: number, text: string): boolean {
  const length = Math.min(text.length, captured);
  for (let i = 0; i < length; i++) if (view.getUint8(at + i) !== text.charCodeAt(i)) return false;
  return true;
}

function lineEnd(head: string): number {
  const end = head.indexOf('\r\n');
  return end < 0 ? head.length : end;
}

function header(head: string, name: string): string {
  const lower = head.toLowerCase();
  const at = lower.indexOf(`\r\n${name}:`);
  if (at < 0) return '';
  const from = at + name.length + 3;
  const end = head.indexOf('\r\n', from);
  return head.slice(from, end < 0 ? from + 200 : Math.min(end, from + 200));
}
