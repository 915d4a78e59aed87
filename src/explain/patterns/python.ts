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
      /ConnectTimeoutError\(|\bConnectTimeout: |\(connect timeout=|(?<!::)ConnectionTimeoutError: |Connection timeout to host/,
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
    ],
    regex: /(?:TimeoutError|socket\.timeout): timed out|The (?:read|write) operation timed out/,
    phase: 'unknown',
    what: 'The time that this program allows a socket was up: while connecting or while waiting for the answer, which the message does not tell. No RST and no FIN is involved.',
    example: 'TimeoutError: timed out',
    sources: RUN,
  }),
  says(means.ENDED_UNANSWERED, {
    id: 'python/botocore-closed',
    program: 'botocore',
    literals: ['connection was closed before we received a valid response'],
    regex: /Connection was closed before we received a valid response from endpoint URL/,
    example:
      'botocore.exceptions.ConnectionClosedError: Connection was closed before we received a valid response from endpoint URL: "https://s3.amazonaws.com/b/k".',
    sources: ['botocore exceptions.py'],
  }),
  says(means.UNCONNECTED, {
    id: 'python/botocore-unconnected',
    program: 'botocore',
    literals: ['could not connect to the endpoint url'],
    regex: /Could not connect to the endpoint URL/,
    wraps: true,
    example:
      'botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: "https://sts.eu-west-1.amazonaws.com/"',
    sources: ['botocore exceptions.py'],
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'python/botocore-connect-timeout',
    program: 'botocore',
    literals: ['connect timeout on endpoint url'],
    regex: /Connect timeout on endpoint URL/,
    example:
      'botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL: "https://sts.eu-west-1.amazonaws.com/"',
    sources: ['botocore exceptions.py'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'python/botocore-read-timeout',
    program: 'botocore',
    literals: ['read timeout on endpoint url'],
    regex: /Read timeout on endpoint URL/,
    example: 'Read timeout on endpoint URL: "https://sqs.eu-west-1.amazonaws.com/"',
    sources: ['botocore exceptions.py'],
  }),
  says(means.KILLED_PROCESS, {
    id: 'python/gunicorn-worker-timeout',
    program: 'gunicorn, uWSGI, Unicorn',
    literals: [
      'worker timeout (pid',
      'was sent sigkill! perhaps out of memory',
      'you might have run out of memory',
      's > 60s), killing',
    ],
    regex:
      /WORKER TIMEOUT \(pid: ?(?<code>\d+)\)|was sent SIGKILL! Perhaps out of memory|worker=\d+ PID:\d+ timeout \(\d+s > \d+s\), killing/,
    phase: 'response',
    what: 'The master killed a worker that did not report in time, or the system killed it: the request it was working on ends with its connection, unanswered.',
    example: '[CRITICAL] WORKER TIMEOUT (pid:4242)',
    sources: ['gunicorn arbiter.py; Unicorn'],
  }),
  says(means.MISMATCHED, {
    id: 'python/uvicorn-invalid',
    program: 'uvicorn, gunicorn',
    literals: ['invalid http request received', 'invalid request from ip='],
    regex: /Invalid HTTP request received\.|Invalid request from ip=(?<client>[^\s:]+)/,
    phase: 'request',
    doubt: 'the client: TLS to a plain port as a rule, or a scanner',
    example: 'WARNING:  Invalid HTTP request received.',
    sources: ['uvicorn; gunicorn'],
  }),
  says(means.CLIENT_GONE, {
    id: 'python/client-disconnect',
    program: 'Starlette, aiohttp server',
    literals: ['requests.clientdisconnect', 'starlette.requests.client', 'cannot write to closing transport'],
    regex: /requests\.ClientDisconnect\b|Cannot write to closing transport/,
    example: 'starlette.requests.ClientDisconnect',
    sources: ['Starlette; aiohttp web'],
  }),
  says(means.ENDED_SESSION, {
    id: 'python/websockets-no-close',
    program: 'websockets',
    literals: ['no close frame received or sent', 'keepalive ping timeout'],
    regex: /no close frame received or sent/,
    example: 'websockets.exceptions.ConnectionClosedError: no close frame received or sent',
    sources: ['websockets'],
  }),
  says(means.HEARTBEAT_LOST, {
    id: 'python/websockets-keepalive',
    program: 'websockets',
    literals: ['keepalive ping timeout'],
    regex: /keepalive ping timeout/,
    example:
      'websockets.exceptions.ConnectionClosedError: sent 1011 (internal error) keepalive ping timeout; no close frame received',
    sources: ['websockets'],
  }),
  says(means.ENDED_SESSION, {
    id: 'python/celery-lost',
    program: 'Celery',
    literals: ['connection to broker lost'],
    regex: /Connection to broker lost\. Trying to re-establish/,
    wraps: true,
    example: '[WARNING/MainProcess] consumer: Connection to broker lost. Trying to re-establish the connection...',
    sources: ['Celery consumer.py'],
  }),
  says(means.HANDSHAKE_TIMEOUT, {
    id: 'python/handshake-timeout',
    program: 'Python ssl',
    literals: ['handshake operation timed out', '_ssl.c: the handshake'],
    regex: /[Tt]he handshake operation timed out/,
    example: 'TimeoutError: _ssl.c:989: The handshake operation timed out',
    sources: ['Python ssl'],
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'python/bad-status-line',
    program: 'http.client, urllib3',
    literals: ['badstatusline'],
    regex: /BadStatusLine(?:\(["']*''["']*\)|: '')/,
    example: "http.client.BadStatusLine: ''",
    sources: ['Python http.client'],
  }),
  says(means.UNCONNECTED, {
    id: 'python/paramiko-unconnected',
    program: 'Paramiko',
    literals: ['unable to connect to port'],
    regex: /NoValidConnectionsError: .*Unable to connect to port (?<remotePort>\d+) on (?<remote>\S+)/,
    example: 'paramiko.ssh_exception.NoValidConnectionsError: [Errno None] Unable to connect to port 22 on 10.0.0.5',
    sources: ['Paramiko client.py'],
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
