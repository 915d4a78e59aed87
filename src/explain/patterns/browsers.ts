/** Browsers: codes of Chromium, Firefox, and Apple’s URL loading. */
import type { Meaning, Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const NET_ERRORS = ['Chromium net/base/net_error_list.h'];
const NS_ERRORS = ['Firefox xpcom/base/ErrorList.py, NSPR and NSS error codes'];
const URL_ERRORS = ['Apple: URLError.Code'];

export const BROWSERS: readonly Pattern[] = [
  chrome(means.RESET, 'ERR_CONNECTION_RESET'),
  chrome(means.REFUSED, 'ERR_CONNECTION_REFUSED'),
  chrome(means.CONNECT_TIMEOUT, 'ERR_CONNECTION_TIMED_OUT'),
  chrome(
    {
      ...means.ENDED_UNANSWERED,
      condition: 'closed',
      phase: 'unknown',
      what: 'The server closed the connection with a FIN before it had answered, often during the TLS handshake.',
    },
    'ERR_CONNECTION_CLOSED',
  ),
  chrome(means.CLOSED_UNANSWERED, 'ERR_EMPTY_RESPONSE'),
  chrome(means.ABORTED, 'ERR_CONNECTION_ABORTED'),
  chrome(means.UNCONNECTED, 'ERR_CONNECTION_FAILED'),
  chrome(means.UNREACHABLE, 'ERR_ADDRESS_UNREACHABLE'),
  chrome(
    {
      ...means.UNREACHABLE,
      what: 'This computer has no network at all; no packet was sent.',
      doubt: 'this computer’s own network',
    },
    'ERR_INTERNET_DISCONNECTED',
  ),
  chrome(
    {
      ...means.ABORTED,
      what: 'This computer changed its network (Wi-Fi, VPN, address), so the browser ended its connections itself.',
      doubt: 'this computer’s own network',
      cleared: 'the server.',
      causes: [{ id: 'client-abort', why: 'the browser ends its connections when its addresses change' }],
    },
    'ERR_NETWORK_CHANGED',
  ),
  chrome(
    {
      ...means.ABORTED,
      what: 'This computer went to sleep, so the browser ended its connections itself.',
      doubt: 'this computer',
      cleared: 'the server.',
      causes: [{ id: 'client-abort', why: 'the computer slept' }],
    },
    'ERR_NETWORK_IO_SUSPENDED',
  ),
  chrome({ ...means.READ_TIMEOUT, phase: 'unknown' }, 'ERR_TIMED_OUT'),
  chrome(means.STREAM_RESET, 'ERR_HTTP2_PROTOCOL_ERROR'),
  chrome(means.STREAM_RESET, 'ERR_SPDY_PROTOCOL_ERROR'),
  chrome(
    {
      ...means.GOING_AWAY,
      what: 'The server did not take this stream (REFUSED_STREAM): it was not processed. TCP was not touched.',
    },
    'ERR_HTTP2_SERVER_REFUSED_STREAM',
  ),
  chrome(means.HEARTBEAT_LOST, 'ERR_HTTP2_PING_FAILED'),
  chrome(means.ENDED_BODY, 'ERR_CONTENT_LENGTH_MISMATCH'),
  chrome(means.ENDED_BODY, 'ERR_INCOMPLETE_CHUNKED_ENCODING'),
  chrome(means.MISMATCHED, 'ERR_SSL_PROTOCOL_ERROR'),
  chrome({ ...means.MISMATCHED, phase: 'response' }, 'ERR_INVALID_HTTP_RESPONSE'),
  chrome(
    {
      ...means.UNCONNECTED,
      what: 'The browser could not connect to its proxy; the server was never asked.',
      doubt: 'the proxy that the browser is told to use',
    },
    'ERR_PROXY_CONNECTION_FAILED',
  ),
  chrome(
    {
      ...means.BAD_GATEWAY,
      what: 'The proxy answered CONNECT with an error: it could not or would not connect to the server.',
      phase: 'connect',
    },
    'ERR_TUNNEL_CONNECTION_FAILED',
  ),
  chrome(means.OWN_CLOSE, 'ERR_SOCKET_NOT_CONNECTED'),
  firefox(means.RESET, 'NS_ERROR_NET_RESET'),
  firefox(means.RESET_HANDSHAKE, 'PR_CONNECT_RESET_ERROR'),
  firefox(means.CLOSED_HANDSHAKE, 'PR_END_OF_FILE_ERROR'),
  firefox(means.REFUSED, 'NS_ERROR_CONNECTION_REFUSED'),
  firefox(means.REFUSED, 'PR_CONNECT_REFUSED_ERROR'),
  firefox({ ...means.READ_TIMEOUT, phase: 'unknown' }, 'NS_ERROR_NET_TIMEOUT'),
  firefox(means.ENDED_BODY, 'NS_ERROR_NET_INTERRUPT'),
  firefox(means.ENDED_BODY, 'NS_ERROR_NET_PARTIAL_TRANSFER'),
  firefox(means.CLOSED_UNANSWERED, 'NS_ERROR_NET_EMPTY_RESPONSE'),
  firefox(means.MISMATCHED, 'SSL_ERROR_RX_RECORD_TOO_LONG'),
  firefox(
    {
      ...means.UNCONNECTED,
      what: 'The browser could not connect to its proxy; the server was never asked.',
      doubt: 'the proxy that the browser is told to use',
    },
    'NS_ERROR_PROXY_CONNECTION_REFUSED',
  ),
  says(means.ENDED_UNANSWERED, {
    id: 'browser/urlsession-1005',
    program: 'Safari, URLSession',
    literals: ['code=-1005', 'the network connection was lost', 'unexpectedly dropped the connection'],
    regex: /NSURLErrorDomain Code=-1005\b|The network connection was lost\.|server unexpectedly dropped the connection/,
    example: 'Error Domain=NSURLErrorDomain Code=-1005 "The network connection was lost."',
    sources: URL_ERRORS,
  }),
  says(means.READ_TIMEOUT, {
    id: 'browser/urlsession-1001',
    program: 'Safari, URLSession',
    literals: ['code=-1001'],
    regex: /NSURLErrorDomain Code=-1001\b/,
    phase: 'unknown',
    example: 'Error Domain=NSURLErrorDomain Code=-1001 "The request timed out."',
    sources: URL_ERRORS,
  }),
  says(means.UNCONNECTED, {
    id: 'browser/urlsession-1004',
    program: 'Safari, URLSession',
    literals: ['code=-1004', 'could not connect to the server.'],
    regex: /NSURLErrorDomain Code=-1004\b|Could not connect to the server\./,
    example: 'Error Domain=NSURLErrorDomain Code=-1004 "Could not connect to the server."',
    sources: URL_ERRORS,
  }),
  says(means.UNREACHABLE, {
    id: 'browser/urlsession-1009',
    program: 'Safari, URLSession',
    literals: ['code=-1009', 'internet connection appears to be offline'],
    regex: /NSURLErrorDomain Code=-1009\b|Internet connection appears to be offline/,
    example: 'Error Domain=NSURLErrorDomain Code=-1009 "The Internet connection appears to be offline."',
    sources: URL_ERRORS,
  }),
  says(means.CANCELLED, {
    id: 'browser/urlsession-999',
    program: 'Safari, URLSession',
    literals: ['code=-999'],
    regex: /NSURLErrorDomain Code=-999\b/,
    example: 'Error Domain=NSURLErrorDomain Code=-999 "cancelled"',
    sources: URL_ERRORS,
  }),
  says(means.RESET, {
    id: 'browser/posix-54',
    program: 'Apple Network framework',
    literals: ['nsposixerrordomain code=54', 'posixerrorcode(rawvalue: 54)'],
    regex: /NSPOSIXErrorDomain Code=54\b|POSIXErrorCode\(rawValue: 54\)/,
    example: 'Error Domain=NSPOSIXErrorDomain Code=54 "Connection reset by peer"',
    sources: ['Apple: POSIXError'],
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'browser/websocket-handshake',
    program: 'browser WebSocket',
    literals: ['before receiving a handshake response'],
    regex: /Connection closed before receiving a handshake response/,
    example:
      "WebSocket connection to 'ws://example.com/' failed: Connection closed before receiving a handshake response",
    sources: ['Chromium websocket_stream.cc'],
  }),
];

/** A code of Chromium, with or without `net::`; never the sentence of the page, which other failures share. */
function chrome(meaning: Meaning, code: string): Pattern {
  return says(meaning, {
    id: `browser/${code}`,
    program: 'Chrome, Edge, Electron',
    literals: [code.toLowerCase()],
    regex: new RegExp(String.raw`\b${code}\b`),
    example: `GET https://example.com/ net::${code}`,
    sources: NET_ERRORS,
  });
}

function firefox(meaning: Meaning, code: string): Pattern {
  return says(meaning, {
    id: `browser/${code}`,
    program: 'Firefox',
    literals: [code.toLowerCase()],
    regex: new RegExp(String.raw`\b${code}\b`),
    example: `Error code: ${code}`,
    sources: NS_ERRORS,
  });
}
