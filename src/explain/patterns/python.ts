/** Python: sockets, http.client, requests, urllib3, httpx, aiohttp, asyncio, ssl, and servers written in it. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const RUN = ['run: Python 3.11 and 3.13'];

export const PYTHON: readonly Pattern[] = [
  says(means.RESET_BODY, {
    id: 'python/broken-reset',
    program: 'requests, urllib3',
    literals: ['connection broken: connectionreseterror'],
    regex: /Connection broken: ConnectionResetError\(/,
    example:
      "requests.exceptions.ChunkedEncodingError: (\"Connection broken: ConnectionResetError(104, 'Connection reset by peer')\", ConnectionResetError(104, 'Connection reset by peer'))",
    sources: ['run: requests 2, urllib3 2'],
  }),
  says(means.RESET_RESPONSE, {
    id: 'python/aborted-reset',
    program: 'requests, urllib3',
    literals: ["'connection aborted.'"],
    regex: /'Connection aborted\.', (?:ConnectionResetError|OSError|error)\((?:104|54|10054), /,
    example:
      "requests.exceptions.ConnectionError: ('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
    sources: ['run: requests 2, urllib3 2'],
  }),
  says(means.BROKEN_PIPE, {
    id: 'python/aborted-broken-pipe',
    program: 'requests, urllib3',
    literals: ["'connection aborted.'"],
    regex: /'Connection aborted\.', BrokenPipeError\(/,
    causes: [
      { id: 'payload-rejected', why: 'the server answered or gave up before the whole body was sent' },
      ...means.BROKEN_PIPE.causes.slice(0, 3),
    ],
    phase: 'request',
    example: "requests.exceptions.ConnectionError: ('Connection aborted.', BrokenPipeError(32, 'Broken pipe'))",
    sources: ['urllib3 connectionpool.py'],
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'python/remote-disconnected',
    program: 'http.client, requests, urllib3',
    literals: ['remote end closed connection without response', 'remotedisconnected'],
    regex: /Remote end closed connection without response|\bRemoteDisconnected\b/,
    example: 'http.client.RemoteDisconnected: Remote end closed connection without response',
    sources: RUN,
  }),
  says(means.RESET_BODY, {
    id: 'python/aiohttp-payload-reset',
    program: 'aiohttp',
    literals: ['response payload is not completed'],
    regex: /Response payload is not completed.*ConnectionResetError\(/,
    example:
      "aiohttp.client_exceptions.ClientPayloadError: Response payload is not completed: <ContentLengthError: 400>. ConnectionResetError(104, 'Connection reset by peer')",
    sources: ['run: aiohttp 3'],
  }),
  says(means.CLOSED_BODY, {
    id: 'python/incomplete-read',
    program: 'http.client, requests, aiohttp, httpx',
    literals: [
      'incompleteread(',
      'response ended prematurely',
      'response payload is not completed',
      'peer closed connection without sending complete message body',
      'incompletereaderror',
    ],
    regex:
      /IncompleteRead\(|Response ended prematurely|Response payload is not completed|peer closed connection without sending complete message body|IncompleteReadError: /,
    example: 'http.client.IncompleteRead: IncompleteRead(5 bytes read, 995 more expected)',
    sources: RUN,
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'python/server-disconnected',
    program: 'aiohttp, httpx',
    literals: ['server disconnected'],
    regex:
      /(?:ServerDisconnectedError|RemoteProtocolError)\b.*|^Server disconnected(?: without sending a response\.)?$/,
    example: 'aiohttp.client_exceptions.ServerDisconnectedError: Server disconnected',
    sources: ['run: aiohttp 3, httpx 0.28'],
  }),
  says(means.REFUSED, {
    id: 'python/connect-call-failed',
    program: 'aiohttp, asyncio',
    literals: ['connect call failed'],
    regex: /Connect call failed \('(?<remote>[^']+)', (?<remotePort>\d+)/,
    example:
      "aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host 127.0.0.1:9999 ssl:default [Connect call failed ('127.0.0.1', 9999)]",
    sources: ['run: aiohttp 3'],
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'python/connect-timeout',
    program: 'requests, urllib3, httpx',
    literals: [
      'connecttimeouterror',
      'connecttimeout:',
      '(connect timeout=',
      'connectiontimeouterror',
      'connection timeout to host',
    ],
    regex:
      /ConnectTimeoutError\(|\bConnectTimeout: |\(connect timeout=|ConnectionTimeoutError: |Connection timeout to host/,
    example:
      "requests.exceptions.ConnectTimeout: HTTPConnectionPool(host='127.0.0.1', port=9998): Max retries exceeded with url: / (Caused by ConnectTimeoutError(<HTTPConnection>, 'Connection to 127.0.0.1 timed out. (connect timeout=0.3)'))",
    sources: ['run: requests 2, httpx 0.28'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'python/read-timeout',
    program: 'requests, urllib3, httpx, aiohttp',
    literals: [
      'read timed out. (read timeout',
      'readtimeout',
      'sockettimeouterror',
      'timeout on reading data from socket',
    ],
    regex:
      /Read timed out\. \(read timeout|(?<!::)\bReadTimeout(?:Error)?\b[:(]|SocketTimeoutError: |Timeout on reading data from socket/,
    example:
      "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='127.0.0.1', port=9006): Read timed out. (read timeout=0.3)",
    sources: ['run: requests 2, httpx 0.28'],
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'python/ssl-eof',
    program: 'Python ssl',
    literals: ['eof occurred in violation of protocol'],
    regex: /EOF occurred in violation of protocol/,
    example: "ssl.SSLError: (8, 'EOF occurred in violation of protocol (_ssl.c:841)')",
    sources: RUN,
  }),
  says(means.READ_TIMEOUT, {
    id: 'python/socket-timeout',
    program: 'Python',
    literals: [
      'timeouterror: timed out',
      'socket.timeout: timed out',
      'the read operation timed out',
      'the write operation timed out',
      'the handshake operation timed out',
    ],
    regex: /(?:TimeoutError|socket\.timeout): timed out|The (?:read|write) operation timed out/,
    phase: 'unknown',
    what: 'The time that this program allows a socket was up: while connecting or while waiting for the answer, which the message does not tell. No RST and no FIN is involved.',
    example: 'TimeoutError: timed out',
    sources: RUN,
  }),
  says(means.BROKEN_PIPE_CLIENT, {
    id: 'python/server-broken-pipe',
    program: 'Django, Flask, gunicorn',
    literals: ['- broken pipe from', 'ignoring epipe', 'oserror: write error', 'sigpipe: writing to a closed pipe'],
    regex:
      /- Broken pipe from \('(?<client>[^']+)', (?<clientPort>\d+)|Ignoring EPIPE|OSError: write error|SIGPIPE: writing to a closed pipe/,
    example: "- Broken pipe from ('127.0.0.1', 51234)",
    sources: ['Django basehttp.py', 'uWSGI'],
  }),
  says(means.BROKEN_PIPE, {
    id: 'python/broken-pipe',
    program: 'Python',
    literals: ['brokenpipeerror'],
    regex: /\bBrokenPipeError\b/,
    example: 'BrokenPipeError: [Errno 32] Broken pipe',
    sources: RUN,
  }),
  says(means.REFUSED, {
    id: 'python/refused',
    program: 'Python',
    literals: ['connectionrefusederror'],
    regex: /\bConnectionRefusedError\b/,
    example: 'ConnectionRefusedError: [Errno 111] Connection refused',
    sources: RUN,
  }),
  says(means.RESET, {
    id: 'python/reset',
    program: 'Python',
    literals: ['connectionreseterror'],
    regex: /\bConnectionResetError\b/,
    example: 'ConnectionResetError: [Errno 104] Connection reset by peer',
    sources: RUN,
  }),
  says(means.ABORTED, {
    id: 'python/aborted',
    program: 'Python',
    literals: ['connectionabortederror'],
    regex: /\bConnectionAbortedError\b/,
    example:
      'ConnectionAbortedError: [WinError 10053] An established connection was aborted by the software in your host machine',
    sources: ['Python: exceptions'],
  }),
];
