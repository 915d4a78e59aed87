/** One condition in one phase has one answer, whichever language or program says it. */
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import type { Condition } from '../../src/terms/conditions.ts';
import type { Phase } from '../../src/terms/phases.ts';

interface Said {
  readonly condition: Condition;
  readonly phase: Phase;
  readonly lines: Readonly<Record<string, string>>;
}

const SAID: readonly Said[] = [
  {
    condition: 'reset',
    phase: 'unknown',
    lines: {
      'Node.js': 'Error: read ECONNRESET',
      Python: 'ConnectionResetError: [Errno 104] Connection reset by peer',
      'Python on Windows':
        'ConnectionResetError: [WinError 10054] An existing connection was forcibly closed by the remote host',
      Go: 'read tcp 10.0.0.9:51234->10.0.0.5:443: read: connection reset by peer',
      'Go on Windows':
        'read tcp 10.0.0.9:51234->10.0.0.5:443: wsarecv: An existing connection was forcibly closed by the remote host.',
      Java: 'java.net.SocketException: Connection reset',
      'Java NIO': 'java.io.IOException: Connection reset by peer',
      Netty: 'io.netty.channel.unix.Errors$NativeIoException: recvAddress(..) failed: Connection reset by peer',
      '.NET on Linux': 'System.Net.Sockets.SocketException (104): Connection reset by peer',
      '.NET on Windows':
        'System.Net.Sockets.SocketException (10054): An existing connection was forcibly closed by the remote host.',
      Ruby: 'Errno::ECONNRESET: Connection reset by peer',
      Rust: 'Connection reset by peer (os error 104)',
      'Rust on macOS': 'Connection reset by peer (os error 54)',
      Elixir: '{:error, :econnreset}',
      Perl: 'read: Connection reset by peer',
      Android: 'android.system.ErrnoException: recvfrom failed: ECONNRESET (Connection reset by peer)',
      Chrome: 'net::ERR_CONNECTION_RESET',
      Firefox: 'NS_ERROR_NET_RESET',
      'Apple Network': 'nw_read_request_report [C1] Receive failed with error "Connection reset by peer"',
      gRPC: 'rpc error: code = Unavailable desc = error reading from server: read: connection reset by peer',
    },
  },
  {
    condition: 'refused',
    phase: 'connect',
    lines: {
      'Node.js': 'Error: connect ECONNREFUSED 127.0.0.1:9999',
      Python: 'ConnectionRefusedError: [Errno 111] Connection refused',
      aiohttp: "[Connect call failed ('127.0.0.1', 9999)]",
      Go: 'dial tcp 127.0.0.1:9999: connect: connection refused',
      Java: 'java.net.ConnectException: Connection refused',
      '.NET on Linux': 'System.Net.Sockets.SocketException (111): Connection refused',
      '.NET on Windows': 'No connection could be made because the target machine actively refused it. (localhost:9999)',
      Ruby: 'Errno::ECONNREFUSED: Connection refused - connect(2)',
      PHP: 'file_get_contents(http://127.0.0.1:9999/): Failed to open stream: Connection refused',
      Rust: 'Connection refused (os error 111)',
      Elixir: '{:error, :econnrefused}',
      Chrome: 'net::ERR_CONNECTION_REFUSED',
      Firefox: 'NS_ERROR_CONNECTION_REFUSED',
      gRPC: '14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:9999',
      PostgreSQL: 'connection to server at "127.0.0.1", port 9999 failed: Connection refused',
      Redis: 'Could not connect to Redis at 127.0.0.1:9999: Connection refused',
      nginx: 'connect() failed (111: Connection refused) while connecting to upstream',
      OpenSSH: 'ssh: connect to host 127.0.0.1 port 9999: Connection refused',
      Oracle: 'ORA-12541: TNS:no listener',
    },
  },
  {
    condition: 'timed-out',
    phase: 'connect',
    lines: {
      'Node.js': 'Error: connect ETIMEDOUT 10.0.0.5:443',
      undici: 'ConnectTimeoutError: Connect Timeout Error',
      Python: 'httpx.ConnectTimeout: timed out',
      Go: 'dial tcp 10.0.0.5:443: i/o timeout',
      Java: 'java.net.SocketTimeoutException: Connect timed out',
      Android: 'java.net.SocketTimeoutException: failed to connect to /10.0.0.5 (port 443) after 10000ms',
      Windows:
        'connectex: A connection attempt failed because the connected party did not properly respond after a period of time',
      Ruby: 'Net::OpenTimeout: execution expired',
      curl: 'curl: (28) Failed to connect to 10.0.0.5 port 443 after 1001 ms: Timeout was reached',
      Guzzle: 'cURL error 28: Connection timed out after 10001 milliseconds',
      PostgreSQL: 'connection to server at "10.0.0.5", port 5432 failed: timeout expired',
      nginx: 'upstream timed out (110: Connection timed out) while connecting to upstream',
      OpenSSH: 'ssh: connect to host 10.0.0.5 port 22: Connection timed out',
      Chrome: 'ERR_CONNECTION_TIMED_OUT',
      Oracle: 'ORA-12170: TNS:Connect timeout occurred',
    },
  },
  {
    condition: 'timed-out',
    phase: 'unknown',
    lines: {
      'Node.js': 'Error: read ETIMEDOUT',
      Go: 'read tcp 10.0.0.9:51234->10.0.0.5:443: read: connection timed out',
      'Go on Windows':
        'wsarecv: A connection attempt failed because the connected party did not properly respond after a period of time',
      Java: 'java.net.SocketException: Connection timed out (Read failed)',
      PostgreSQL: 'could not receive data from server: Connection timed out',
      'SQL Server': 'provider: TCP Provider, error: 0 - The semaphore timeout period has expired.',
    },
  },
  {
    condition: 'broken-pipe',
    phase: 'closed',
    lines: {
      'Node.js': 'Error: write EPIPE',
      Python: 'BrokenPipeError: [Errno 32] Broken pipe',
      Go: 'write tcp 10.0.0.9:51234->10.0.0.5:443: write: broken pipe',
      Java: 'java.net.SocketException: Broken pipe (Write failed)',
      Netty: 'io.netty.channel.unix.Errors$NativeIoException: writevAddress(..) failed: Broken pipe',
      '.NET on Linux': 'System.IO.IOException: Unable to write data to the transport connection: Broken pipe.',
      Ruby: 'Errno::EPIPE: Broken pipe',
      PHP: 'fwrite(): Send of 2 bytes failed with errno=32 Broken pipe',
      Rust: 'Broken pipe (os error 32)',
      Elixir: '{:error, :epipe}',
      Perl: 'write: Broken pipe',
    },
  },
  {
    condition: 'aborted',
    phase: 'unknown',
    lines: {
      'Node.js': 'Error: write ECONNABORTED',
      Python:
        'ConnectionAbortedError: [WinError 10053] An established connection was aborted by the software in your host machine',
      Java: 'java.net.SocketException: Software caused connection abort: recv failed',
      '.NET on Windows':
        'SocketException (10053): An established connection was aborted by the software in your host machine.',
      Rust: 'Software caused connection abort (os error 103)',
      Chrome: 'net::ERR_CONNECTION_ABORTED',
      Elixir: '{:error, :econnaborted}',
    },
  },
  {
    condition: 'unreachable',
    phase: 'connect',
    lines: {
      'Node.js': 'Error: connect EHOSTUNREACH 10.1.2.3:80',
      Python: 'OSError: [Errno 113] No route to host',
      Go: 'dial tcp 10.1.2.3:80: connect: no route to host',
      Java: 'java.net.NoRouteToHostException: No route to host',
      Rust: 'No route to host (os error 113)',
      Ruby: 'Errno::EHOSTUNREACH: No route to host',
      Chrome: 'ERR_ADDRESS_UNREACHABLE',
      MySQL: "ERROR 2003 (HY000): Can't connect to MySQL server on '10.1.2.3:3306' (113)",
      nginx: 'connect() failed (113: No route to host) while connecting to upstream',
      curl: 'curl: (7) Failed to connect to 10.1.2.3 port 80: No route to host',
    },
  },
  {
    condition: 'closed',
    phase: 'response',
    lines: {
      undici: 'SocketError: other side closed',
      Python: 'http.client.RemoteDisconnected: Remote end closed connection without response',
      aiohttp: 'aiohttp.client_exceptions.ServerDisconnectedError: Server disconnected',
      httpx: 'httpx.RemoteProtocolError: Server disconnected without sending a response.',
      Go: 'Get "http://10.0.0.5/": EOF',
      'Java, Apache HttpClient': 'org.apache.http.NoHttpResponseException: 10.0.0.5:80 failed to respond',
      'Reactor Netty':
        'reactor.netty.http.client.PrematureCloseException: Connection prematurely closed BEFORE response',
      '.NET': 'System.Net.Http.HttpIOException: The response ended prematurely. (ResponseEnded)',
      Ruby: 'EOFError: end of file reached',
      Rust: 'hyper::Error(IncompleteMessage): connection closed before message completed',
      Elixir: '** (Mint.TransportError) socket closed',
      curl: 'curl: (52) Empty reply from server',
      nginx: 'upstream prematurely closed connection while reading response header from upstream',
      Chrome: 'ERR_EMPTY_RESPONSE',
    },
  },
  {
    condition: 'reset',
    phase: 'response',
    lines: {
      'Node.js': 'Error [ERR_HTTP2_STREAM_ERROR]: Stream closed with error code NGHTTP2_INTERNAL_ERROR',
      Go: 'stream error: stream ID 3; INTERNAL_ERROR; received from peer',
      OkHttp: 'okhttp3.internal.http2.StreamResetException: stream was reset: INTERNAL_ERROR',
      gRPC: '13 INTERNAL: Received RST_STREAM with code 2 (Internal server error)',
      curl: 'curl: (92) HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)',
      Chrome: 'net::ERR_HTTP2_PROTOCOL_ERROR',
      Envoy: 'upstream connect error or disconnect/reset before headers. reset reason: remote reset',
    },
  },
];

describe('the same condition', () => {
  it.each(SAID)('$condition, $phase: has the same answer in every language', ({ condition, phase, lines }) => {
    const answers = Object.entries(lines).map(([language, line]) => ({ language, ...toAnswer(line) }));
    const [first] = answers;
    expect(answers).toEqual(
      Object.keys(lines).map((language) => ({ ...first, language, recognised: true, condition, phase })),
    );
  });

  it('is told in one way only: no two of these conditions share an answer', () => {
    const answers = SAID.map(({ lines }) => JSON.stringify(toAnswer(Object.values(lines)[0] ?? '')));
    expect(new Set(answers).size).toBe(SAID.length);
  });
});

function toAnswer(line: string): Readonly<Record<string, unknown>> {
  const found = explain(line);
  if (!found.recognised) return { recognised: false };
  const { recognised, condition, phase, what, doubt, cleared, causes, retry, certain } = found;
  return { recognised, condition, phase, what, doubt, cleared, causes, retry, certain };
}
