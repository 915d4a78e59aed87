/** Java and the JVM: java.net, java.net.http, Apache HttpClient, OkHttp, Netty, Tomcat, JDBC pools. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const RUN = ['run: OpenJDK 17'];

export const JVM: readonly Pattern[] = [
  says(means.CLOSED_UNANSWERED, {
    id: 'jvm/no-http-response',
    program: 'Apache HttpClient',
    literals: ['nohttpresponseexception', 'failed to respond'],
    regex: /NoHttpResponseException(?:: (?<remote>[^\s:]+)(?::(?<remotePort>\d+))?(?: \[[^\]]*\])? failed to respond)?/,
    example: 'org.apache.http.NoHttpResponseException: api.example.com:443 failed to respond',
    sources: ['Apache HttpClient: NoHttpResponseException'],
  }),
  says(means.BROKEN_PIPE_CLIENT, {
    id: 'jvm/client-abort',
    program: 'Tomcat, Spring, Jetty',
    literals: ['clientabortexception', 'asyncrequestnotusableexception'],
    regex: /ClientAbortException|AsyncRequestNotUsableException/,
    example: 'org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe',
    sources: ['Tomcat: ClientAbortException'],
  }),
  says(means.ENDED_UNANSWERED, {
    id: 'jvm/no-bytes',
    program: 'java.net.http',
    literals: ['header parser received no bytes', 'unexpected end of file from server', 'unexpected end of stream on'],
    regex:
      /header parser received no bytes|Unexpected end of file from server|unexpected end of stream on (?<remote>\S+)/,
    example: 'java.io.IOException: HTTP/1.1 header parser received no bytes',
    wraps: true,
    sources: RUN,
  }),
  says(means.ENDED_BODY, {
    id: 'jvm/short-body',
    program: 'java.net.http, Apache HttpClient',
    literals: [
      'fixed content-length:',
      'premature end of content-length',
      'premature end of chunk coded',
      'connectionclosedexception',
    ],
    regex: /fixed content-length: \d+, bytes received: \d+|Premature end of (?:Content-Length|chunk coded)/,
    wraps: true,
    example: 'java.io.IOException: fixed content-length: 1000, bytes received: 5',
    sources: RUN,
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'jvm/eof-reading',
    program: 'java.net.http',
    literals: ['eof reached while reading'],
    regex: /EOFException: EOF reached while reading/,
    example: 'java.io.EOFException: EOF reached while reading',
    sources: RUN,
  }),
  says(means.RESET, {
    id: 'jvm/reset',
    program: 'Java',
    literals: ['connection reset'],
    regex:
      /(?:SocketException|IOException|NativeIoException)(?:: [\w() ]*)?: (?:\w+\(\.\.\) failed: )?[Cc]onnection reset(?: by peer)?/,
    example: 'java.net.SocketException: Connection reset',
    sources: RUN,
  }),
  says(means.BROKEN_PIPE, {
    id: 'jvm/broken-pipe',
    program: 'Java',
    literals: ['broken pipe'],
    regex: /(?:SocketException|IOException|NativeIoException): (?:\w+\(\.\.\) failed: )?Broken pipe/,
    example: 'java.net.SocketException: Broken pipe (Write failed)',
    sources: ['OpenJDK SocketOutputStream'],
  }),
  says(means.ABORTED, {
    id: 'jvm/aborted',
    program: 'Java',
    literals: ['software caused connection abort', 'an established connection was aborted'],
    regex:
      /(?:SocketException|IOException): (?:Software caused connection abort|An established connection was aborted)/,
    example: 'java.net.SocketException: Software caused connection abort: recv failed',
    sources: ['OpenJDK net_util_md.c'],
  }),
  says(means.REFUSED, {
    id: 'jvm/refused',
    program: 'Java',
    literals: ['connection refused'],
    regex:
      /(?:ConnectException|HttpHostConnectException|AnnotatedConnectException): .*Connection refused(?:.*?: (?:\S*\/)?(?<remote>[\d.]+):(?<remotePort>\d+))?/,
    example: 'java.net.ConnectException: Connection refused',
    sources: RUN,
  }),
  says(means.REFUSED, {
    id: 'jvm/connect-exception',
    program: 'java.net.http',
    literals: ['java.net.connectexception'],
    regex: /java\.net\.ConnectException\s*$/,
    example: 'java.net.ConnectException',
    sources: RUN,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'jvm/connect-timeout',
    program: 'Java',
    literals: ['connect timed out', 'connecttimeoutexception', 'connection timed out', 'connecttimeoutexception'],
    regex: /[Cc]onnect timed out|ConnectTimeoutException|ConnectException: Connection timed out/,
    example: 'java.net.SocketTimeoutException: Connect timed out',
    sources: RUN,
  }),
  says(means.READ_TIMEOUT, {
    id: 'jvm/read-timeout',
    program: 'Java',
    literals: ['read timed out', 'httptimeoutexception', 'readtimeoutexception'],
    regex:
      /SocketTimeoutException: (?:Read timed out|timeout)|HttpTimeoutException: request timed out|ReadTimeoutException/,
    example: 'java.net.SocketTimeoutException: Read timed out',
    sources: RUN,
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'jvm/tls-closed',
    program: 'Java',
    literals: [
      'remote host terminated the handshake',
      'ssl peer shut down incorrectly',
      'remote host closed connection during handshake',
    ],
    regex: /Remote host (?:terminated the handshake|closed connection during handshake)|SSL peer shut down incorrectly/,
    example: 'javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake',
    sources: RUN,
  }),
  says(means.MISMATCHED, {
    id: 'jvm/tls-mismatch',
    program: 'Java',
    literals: ['unsupported or unrecognized ssl message', 'plaintext connection?'],
    regex: /Unsupported or unrecognized SSL message|plaintext connection\?/,
    example: 'javax.net.ssl.SSLException: Unsupported or unrecognized SSL message',
    sources: RUN,
  }),
  says(means.OWN_CLOSE, {
    id: 'jvm/own-close',
    program: 'Java',
    literals: [
      'socket is closed',
      'socketexception: socket closed',
      'connection pool shut down',
      'connection has been shutdown',
    ],
    regex: /SocketException: [Ss]ocket (?:is )?closed|IllegalStateException: Connection pool shut down/,
    example: 'java.net.SocketException: Socket is closed',
    sources: RUN,
  }),
  says(means.UNREACHABLE, {
    id: 'jvm/unreachable',
    program: 'Java',
    literals: ['noroutetohostexception', 'network is unreachable'],
    regex: /NoRouteToHostException|(?:SocketException|ConnectException): Network is unreachable/,
    example: 'java.net.NoRouteToHostException: No route to host',
    sources: RUN,
  }),
  says(means.ENDED_SESSION, {
    id: 'jvm/jdbc-closed',
    program: 'JDBC, HikariCP',
    literals: [
      'communications link failure',
      'failed to validate connection',
      'an i/o error occurred while sending to the backend',
      'this connection has been closed',
    ],
    regex:
      /Communications link failure|Failed to validate connection|An I\/O error occurred while sending to the backend|PSQLException: This connection has been closed/,
    wraps: true,
    example: 'com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure',
    sources: ['MySQL Connector/J', 'HikariCP'],
  }),
];
