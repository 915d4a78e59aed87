/** Ruby, PHP, Perl and Rust. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const RUBY = ['run: Ruby 3.1'];
const PHP = ['run: PHP 8.2'];
const RUST = ['run: Rust 1.95'];

export const SCRIPTS: readonly Pattern[] = [
  says(means.RESET_HANDSHAKE, {
    id: 'ruby/tls-reset',
    program: 'Ruby',
    literals: ['connection reset by peer - ssl_connect'],
    regex: /Connection reset by peer - SSL_connect/,
    example: 'Errno::ECONNRESET: Connection reset by peer - SSL_connect',
    sources: RUBY,
  }),
  says(means.RESET, {
    id: 'ruby/reset',
    program: 'Ruby',
    literals: ['errno::econnreset'],
    regex: /Errno::ECONNRESET/,
    example: 'Errno::ECONNRESET: Connection reset by peer',
    sources: RUBY,
  }),
  says(means.BROKEN_PIPE, {
    id: 'ruby/broken-pipe',
    program: 'Ruby',
    literals: ['errno::epipe'],
    regex: /Errno::EPIPE/,
    example: 'Errno::EPIPE: Broken pipe',
    sources: RUBY,
  }),
  says(means.REFUSED, {
    id: 'ruby/refused',
    program: 'Ruby',
    literals: ['errno::econnrefused'],
    regex: /Errno::ECONNREFUSED/,
    example:
      'Errno::ECONNREFUSED: Failed to open TCP connection to 127.0.0.1:9999 (Connection refused - connect(2) for 127.0.0.1:9999)',
    sources: RUBY,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'ruby/connect-timeout',
    program: 'Ruby',
    literals: ['net::opentimeout', 'errno::etimedout'],
    regex: /Net::OpenTimeout|Errno::ETIMEDOUT.*connect\(2\)/,
    example:
      'Net::OpenTimeout: Failed to open TCP connection to 127.0.0.1:9998 (Connection timed out - user specified timeout)',
    sources: RUBY,
  }),
  says(means.READ_TIMEOUT, {
    id: 'ruby/read-timeout',
    program: 'Ruby',
    literals: ['net::readtimeout'],
    regex: /Net::ReadTimeout/,
    example: 'Net::ReadTimeout: Net::ReadTimeout with #<Socket:(closed)>',
    sources: RUBY,
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'ruby/eof',
    program: 'Ruby',
    literals: ['end of file reached'],
    regex:
      /(?:EOFError|ConnectionFailed|Error::Socket)(?::| \()+ ?(?:EOFError[):]* )?end of file reached|end of file reached \(EOFError\)/,
    example: 'EOFError: end of file reached',
    sources: RUBY,
  }),
  says(means.REFUSED, {
    id: 'php/refused',
    program: 'PHP',
    literals: ['connection refused'],
    regex: /(?:Failed to open stream|Unable to connect to \S+|failed to open stream).*Connection refused/,
    example: 'file_get_contents(http://127.0.0.1:9999/): Failed to open stream: Connection refused',
    sources: PHP,
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'php/request-failed',
    program: 'PHP',
    literals: ['http request failed!'],
    regex: /Failed to open stream: HTTP request failed!\s*$/i,
    condition: 'unknown',
    what: 'PHP got no answer: its stream wrapper says the same for a RST, a FIN and a timeout.',
    example: 'file_get_contents(http://127.0.0.1:9003/): Failed to open stream: HTTP request failed!',
    sources: PHP,
  }),
  says(means.RESET_WRITE, {
    id: 'php/send-reset',
    program: 'PHP',
    literals: ['errno=104'],
    regex: /fwrite\(\): (?:Send|send) of \d+ bytes failed with errno=104/,
    example: 'fwrite(): Send of 2 bytes failed with errno=104 Connection reset by peer',
    sources: ['PHP main/streams/xp_socket.c'],
  }),
  says(means.BROKEN_PIPE, {
    id: 'php/send-broken-pipe',
    program: 'PHP',
    literals: ['errno=32'],
    regex: /(?:Send|send) of \d+ bytes failed with errno=32/,
    example: 'fwrite(): Send of 2 bytes failed with errno=32 Broken pipe',
    sources: PHP,
  }),
  says(means.RESET_HANDSHAKE, {
    id: 'php/connect-reset',
    program: 'PHP',
    literals: ['unable to connect to'],
    regex: /Unable to connect to (?:\w+:\/\/)?(?<remote>[^\s:]+):(?<remotePort>\d+) \(Connection reset by peer\)/i,
    example: 'stream_socket_client(): Unable to connect to tcp://127.0.0.1:9001 (Connection reset by peer)',
    sources: PHP,
  }),
  says(means.RESET, {
    id: 'rust/reset',
    program: 'Rust',
    literals: ['os error 104', 'kind: connectionreset'],
    regex: /os error 104|kind: ConnectionReset\b/,
    example: 'Connection reset by peer (os error 104)',
    sources: RUST,
  }),
  says(means.BROKEN_PIPE, {
    id: 'rust/broken-pipe',
    program: 'Rust',
    literals: ['os error 32', 'kind: brokenpipe'],
    regex: /os error 32\)|kind: BrokenPipe\b/,
    example: 'Broken pipe (os error 32)',
    sources: RUST,
  }),
  says(means.REFUSED, {
    id: 'rust/refused',
    program: 'Rust',
    literals: ['os error 111', 'kind: connectionrefused'],
    regex: /os error 111|kind: ConnectionRefused\b/,
    example: 'Connection refused (os error 111)',
    sources: RUST,
  }),
  says(means.ABORTED, {
    id: 'rust/aborted',
    program: 'Rust',
    literals: ['os error 103', 'kind: connectionaborted'],
    regex: /os error 103|kind: ConnectionAborted\b/,
    example: 'Software caused connection abort (os error 103)',
    sources: RUST,
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'rust/hyper-closed',
    program: 'Rust hyper, reqwest',
    literals: ['connection closed before message completed', 'incompletemessage'],
    regex: /connection closed before message completed|\bIncompleteMessage\b/,
    example: 'hyper::Error(IncompleteMessage): connection closed before message completed',
    sources: ['hyper error.rs'],
  }),
  says(means.CLOSED_BODY, {
    id: 'rust/hyper-eof-body',
    program: 'Rust hyper, reqwest',
    literals: ['end of file before message length reached', 'kind: unexpectedeof'],
    regex: /end of file before message length reached|kind: UnexpectedEof\b/,
    example: 'error decoding response body: end of file before message length reached',
    sources: ['hyper error.rs', ...RUST],
  }),
];
