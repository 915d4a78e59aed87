/** Command-line tools: curl, wget, git, ssh, nc, socat, OpenSSL. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const CURL = ['run: curl 7.88'];
const SSH = ['run: OpenSSH 9.2'];
const WGET = ['run: wget 1.21'];
const OPENSSL = ['run: OpenSSL 3.0'];

export const TOOLS: readonly Pattern[] = [
  says(means.RESET_HANDSHAKE, {
    id: 'curl/35-reset',
    program: 'curl',
    literals: ['curl: (35)'],
    regex: /curl: \(35\) .*(?:[Cc]onnection reset by peer|errno 104|was reset)/,
    example: 'curl: (35) Recv failure: Connection reset by peer',
    sources: CURL,
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'curl/35-closed',
    program: 'curl',
    literals: ['ssl_error_syscall', 'curl: (35)'],
    regex:
      /SSL_ERROR_SYSCALL in connection to (?<remote>[^\s:]+)(?::(?<remotePort>\d+))?|curl: \(35\) .*unexpected eof/,
    example: 'curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to 127.0.0.1:9003',
    sources: CURL,
  }),
  says(means.MISMATCHED, {
    id: 'curl/35-mismatch',
    program: 'curl',
    literals: ['curl: (35)', 'curl: (1) received http/0.9'],
    regex:
      /curl: \(35\) .*(?:wrong version number|packet length too long|http request)|curl: \(1\) Received HTTP\/0\.9 when not allowed/,
    example: 'curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number',
    sources: CURL,
  }),
  says(means.RESET_HANDSHAKE, {
    id: 'curl/35',
    program: 'curl',
    literals: ['curl: (35)'],
    regex: /curl: \(35\) /,
    wraps: true,
    condition: 'unknown',
    what: 'The TCP handshake worked, the TLS handshake did not: ended by either side, which the line does not tell.',
    example: 'curl: (35) TLS connect error',
    sources: ['libcurl error codes'],
  }),
  says(means.RESET_RESPONSE, {
    id: 'curl/56-reset',
    program: 'curl',
    literals: ['recv failure: connection reset', 'recv failure: connection was reset'],
    regex: /Recv failure: Connection (?:was )?reset/,
    example: 'curl: (56) Recv failure: Connection reset by peer',
    sources: CURL,
  }),
  says(means.RESET_WRITE, {
    id: 'curl/55-reset',
    program: 'curl',
    literals: ['send failure: connection'],
    regex: /Send failure: Connection (?:was )?(?:reset|aborted)/,
    example: 'curl: (55) Send failure: Connection reset by peer',
    sources: CURL,
  }),
  says(means.BROKEN_PIPE, {
    id: 'curl/55-broken-pipe',
    program: 'curl',
    literals: ['send failure: broken pipe'],
    regex: /Send failure: Broken pipe/,
    phase: 'request',
    causes: [
      { id: 'payload-rejected', why: 'the server answered or gave up before the whole body was sent' },
      ...means.BROKEN_PIPE.causes.slice(0, 3),
    ],
    example: 'curl: (55) Send failure: Broken pipe',
    sources: ['libcurl error codes'],
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'curl/52',
    program: 'curl, git',
    literals: ['empty reply from server'],
    regex: /Empty reply from server/,
    example: 'curl: (52) Empty reply from server',
    sources: CURL,
  }),
  says(means.CLOSED_BODY, {
    id: 'curl/18',
    program: 'curl',
    literals: ['transfer closed with', 'was not closed cleanly'],
    regex:
      /transfer closed with (?:\d+ bytes remaining to read|outstanding read data remaining)|HTTP\/2 stream \d+ was not closed cleanly before end of the underlying stream/,
    example: 'curl: (18) transfer closed with 995 bytes remaining to read',
    sources: CURL,
  }),
  says(
    {
      ...means.RESET_RESPONSE,
      what: 'The HTTP/2 peer ended the stream with RST_STREAM; the TCP connection below may well live on.',
    },
    {
      id: 'curl/92',
      program: 'curl',
      literals: ['was not closed cleanly'],
      regex: /HTTP\/[23] stream \d+ was not closed cleanly: (?<code>\w+)/,
      example: 'curl: (92) HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)',
      sources: ['libcurl error codes'],
    },
  ),
  says(means.CONNECT_TIMEOUT, {
    id: 'curl/28-connect',
    program: 'curl',
    literals: ['curl: (28)', 'timeout was reached', 'connection timed out'],
    regex:
      /(?:Failed|Could not) to? ?connect to (?<remote>[^\s:]+) port (?<remotePort>\d+)(?: after \d+ ms)?: (?:Timeout was reached|Connection timed out|Operation timed out|Couldn't connect to server \(28\))|curl: \(28\) (?:Connection timed out|Connection timeout|SSL connection timeout|Connect)/,
    example: 'curl: (28) Failed to connect to 127.0.0.1 port 9998 after 1001 ms: Timeout was reached',
    sources: CURL,
  }),
  says(means.READ_TIMEOUT, {
    id: 'curl/28',
    program: 'curl',
    literals: ['operation timed out after', 'operation too slow', 'curl: (28)'],
    regex: /Operation timed out after \d+ milliseconds with \d+|Operation too slow|curl: \(28\)/,
    example: 'curl: (28) Operation timed out after 1000 milliseconds with 0 bytes received',
    sources: CURL,
  }),
  says(means.REFUSED, {
    id: 'curl/7',
    program: 'curl, git',
    literals: ["couldn't connect to server", 'could not connect to server', 'curl: (7)'],
    regex:
      /Failed to connect to (?<remote>[^\s:]+) port (?<remotePort>\d+)(?: after \d+ ms)?: (?:Couldn't connect to server|Could not connect to server|Connection refused)|curl: \(7\) /,
    what: 'The connection was not established at once: as a rule a RST answered the SYN; no route gives the same message in newer versions. The connection never existed.',
    example: "curl: (7) Failed to connect to 127.0.0.1 port 9999 after 0 ms: Couldn't connect to server",
    sources: CURL,
  }),
  says(means.RESET_RESPONSE, {
    id: 'wget/reset-headers',
    program: 'wget',
    literals: ['in headers'],
    regex: /Read error \(Connection reset by peer\) in headers/,
    example: 'HTTP request sent, awaiting response... Read error (Connection reset by peer) in headers.',
    sources: WGET,
  }),
  says(means.READ_TIMEOUT, {
    id: 'wget/timeout',
    program: 'wget',
    literals: ['read error (connection timed out)'],
    regex: /Read error \(Connection timed out\)/,
    example: 'HTTP request sent, awaiting response... Read error (Connection timed out) in headers.',
    sources: WGET,
  }),
  says(means.RESET_BODY, {
    id: 'wget/reset-body',
    program: 'wget',
    literals: ['read error at byte'],
    regex: /Read error at byte \d+(?:\/\d+)? \(Connection reset by peer\)/,
    example: '2026-11-21 04:40:43 (1.20 MB/s) - Read error at byte 5/1000 (Connection reset by peer). Giving up.',
    sources: WGET,
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'wget/no-data',
    program: 'wget',
    literals: ['no data received'],
    regex: /awaiting response\.\.\. No data received\./,
    example: 'HTTP request sent, awaiting response... No data received.',
    sources: WGET,
  }),
  says(means.RESET_HANDSHAKE, {
    id: 'ssh/reset',
    program: 'OpenSSH',
    literals: ['kex_exchange_identification', 'connection reset by', 'ssh_exchange_identification'],
    regex:
      /(?:kex|ssh)_exchange_identification: read: Connection reset by peer|Connection reset by (?<remote>[\da-f.:]+) port (?<remotePort>\d+)/,
    causes: [
      { id: 'policy-abort', why: 'MaxStartups, fail2ban, hosts.deny or a rule of the provider' },
      ...means.RESET_HANDSHAKE.causes.slice(1),
    ],
    example: 'kex_exchange_identification: read: Connection reset by peer',
    sources: SSH,
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'ssh/closed',
    program: 'OpenSSH',
    literals: ['connection closed by'],
    regex:
      /(?:kex|ssh)_exchange_identification: Connection closed by remote host|Connection closed by (?<remote>[\da-f.:]+) port (?<remotePort>\d+)/,
    causes: [
      { id: 'policy-abort', why: 'MaxStartups, fail2ban, hosts.deny or a rule of the provider' },
      { id: 'protocol-mismatch', why: 'something else than sshd listens there' },
    ],
    example: 'kex_exchange_identification: Connection closed by remote host',
    sources: SSH,
  }),
  says(means.BROKEN_PIPE, {
    id: 'ssh/broken-pipe',
    program: 'OpenSSH',
    literals: ['client_loop: send disconnect', 'packet_write_wait'],
    regex: /(?:client_loop: send disconnect|packet_write_wait: .*): Broken pipe/,
    causes: [
      { id: 'idle-dropped', why: 'a firewall or NAT forgot the quiet session; its end showed at the next keystroke' },
      { id: 'dead-peer', why: 'ServerAliveInterval or keep-alive gave up' },
      { id: 'process-crash', why: 'the server restarted' },
    ],
    example: 'client_loop: send disconnect: Broken pipe',
    sources: ['OpenSSH clientloop.c'],
  }),
  says(means.REFUSED, {
    id: 'ssh/refused',
    program: 'OpenSSH',
    literals: ['ssh: connect to host'],
    regex: /ssh: connect to host (?<remote>\S+) port (?<remotePort>\d+): Connection refused/,
    example: 'ssh: connect to host 127.0.0.1 port 9999: Connection refused',
    sources: SSH,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'ssh/timeout',
    program: 'OpenSSH',
    literals: ['ssh: connect to host'],
    regex: /ssh: connect to host (?<remote>\S+) port (?<remotePort>\d+): (?:Connection|Operation) timed out/,
    example: 'ssh: connect to host 127.0.0.1 port 9998: Connection timed out',
    sources: SSH,
  }),
  says(means.REFUSED, {
    id: 'netcat/refused',
    program: 'nc',
    literals: ['nc: connect to'],
    regex: /nc: connect to (?<remote>\S+) port (?<remotePort>\d+) \(tcp\) failed: Connection refused/,
    example: 'nc: connect to 127.0.0.1 port 9999 (tcp) failed: Connection refused',
    sources: ['run: OpenBSD netcat 1.219'],
  }),
  says(means.REFUSED, {
    id: 'socat/refused',
    program: 'socat',
    literals: ['socat['],
    regex: /socat\[\d+\] E connect\(\d+, AF=\d+ (?<remote>[^\s:]+):(?<remotePort>\d+), \d+\): Connection refused/,
    example: '2026/11/21 04:40:46 socat[15024] E connect(5, AF=2 127.0.0.1:9999, 16): Connection refused',
    sources: ['run: socat 1.7'],
  }),
  says(means.RESET_HANDSHAKE, {
    id: 'openssl/errno-104',
    program: 'OpenSSL',
    literals: ['write:errno=104', 'read:errno=104', 'syscall:'],
    regex: /^(?:write|read):errno=104$/,
    example: 'write:errno=104',
    sources: OPENSSL,
  }),
  says(means.REFUSED, {
    id: 'openssl/errno-111',
    program: 'OpenSSL',
    literals: ['connect:errno=111'],
    regex: /connect:errno=111/,
    example: 'connect:errno=111',
    sources: OPENSSL,
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'openssl/unexpected-eof',
    program: 'OpenSSL',
    literals: ['unexpected eof while reading', 'unexpected_eof_while_reading'],
    regex: /unexpected[ _]eof[ _]while[ _]reading/i,
    phase: 'unknown',
    what: 'The peer closed the TCP connection with a FIN without saying goodbye in TLS (no close_notify): during the handshake, or at the end of a session.',
    example:
      '406793D6AC7F0000:error:0A000126:SSL routines:ssl3_read_n:unexpected eof while reading:../ssl/record/rec_layer_s3.c:318:',
    sources: OPENSSL,
  }),
  says(means.MISMATCHED, {
    id: 'openssl/wrong-version',
    program: 'OpenSSL',
    literals: [
      'wrong version number',
      'wrong_version_number',
      'ssl routines:ssl3_get_record:http request',
      'ssl routines::http request',
      'unknown protocol',
    ],
    regex: /wrong[ _]version[ _]number|SSL routines:[^:]*:(?:http request|unknown protocol|packet length too long)/i,
    example:
      '40A7D932AF7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl/record/ssl3_record.c:350:',
    sources: OPENSSL,
  }),
];
