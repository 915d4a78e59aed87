/** Which errors say that a connection failed, as against misuse, cancellation or a refused certificate. */

/** Codes of libuv, of the resolver and of undici that state a failed connection. */
const CODES: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENETDOWN',
  'ENETRESET',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ENOTCONN',
  'ESHUTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  // What undici 7 gives for a lost HTTP/2 stream or session.
  'UND_ERR_INFO',
  // The peer's FIN inside a chunked body.
  'HPE_INVALID_EOF_STATE',
]);

/** Codes that only a connection that never existed can give. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether a connection failed, rather than the program or the peer's answer. */
export function isConnectionFailure(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return CODES.has(code) || code.startsWith('ERR_HTTP2_') || isBeforeConnection(error);
}

/** Whether the error alone proves that no request can have left. */
export function isConnectError(error: Error): boolean {
  return isBeforeConnection(error) || NEVER_CONNECTED.has(codeOf(error));
}

/** Whatever the kernel said: the path of a Unix socket that is not there yet is ENOENT. */
function isBeforeConnection(error: Error): boolean {
  const syscall = syscallOf(error);
  return syscall === 'connect' || syscall === 'bind';
}

/** RFC 9113 §8.7: the server states that it did no processing on the stream. */
export function isRefusedStream(error: Error): boolean {
  return codeOf(error).startsWith('ERR_HTTP2_') && error.message.includes('NGHTTP2_REFUSED_STREAM');
}

/** The error's code, or an empty string. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** The system call that failed, or an empty string; happy eyeballs puts one error per address into `errors`. */
export function syscallOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('syscall' in error && typeof error.syscall === 'string') return error.syscall;
  return error instanceof AggregateError && error.errors.length > 0 ? syscallOf(error.errors[0]) : '';
}
