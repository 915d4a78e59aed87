/** Package managers, containers, mail and PHP-FPM: what their own lines say. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

export const PACKAGES: readonly Pattern[] = [
  says(means.REFUSED, {
    id: 'docker/daemon',
    program: 'Docker',
    literals: ['cannot connect to the docker daemon'],
    regex: /Cannot connect to the Docker daemon at (?<remote>\S+?)\. /,
    what: 'Nothing listens on the daemon’s Unix socket or address: it is not running, or runs for another user or context.',
    cleared: 'registries and the network: this is between the command and its own daemon.',
    example: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    sources: ['Docker CLI'],
  }),
  says(means.REFUSED, {
    id: 'kubectl/refused',
    program: 'kubectl',
    literals: ['was refused - did you specify the right host or port'],
    regex:
      /The connection to the server (?<remote>[^\s:]+?)(?::(?<remotePort>\d+))? was refused - did you specify the right host or port/,
    causes: [
      {
        id: 'refused',
        why: 'localhost:8080 means that kubectl has no kubeconfig; any other address, that the API server is down',
      },
      ...means.REFUSED.causes.slice(1),
    ],
    example: 'The connection to the server localhost:8080 was refused - did you specify the right host or port?',
    sources: ['kubectl'],
  }),
  says(means.ENDED_SESSION, {
    id: 'kubectl/lost-pod',
    program: 'kubectl',
    literals: ['lost connection to pod'],
    regex: /error: lost connection to pod/,
    example: 'error: lost connection to pod',
    sources: ['kubectl port-forward'],
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'apt/connect-timeout',
    program: 'apt',
    literals: ['connection timed out [ip:', ', connection timed out'],
    regex: /Could not connect to (?<remote>[^\s:]+):(?<remotePort>\d+) \(\S+\)[.,] connection timed out/,
    example: 'Could not connect to archive.ubuntu.com:80 (91.189.91.81), connection timed out',
    sources: ['apt methods/connect.cc'],
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'apt/remote-closed',
    program: 'apt',
    literals: ['error reading from server. remote end closed connection'],
    regex: /Error reading from server\. Remote end closed connection/,
    example:
      'Err:1 http://archive.ubuntu.com/ubuntu jammy InRelease  Error reading from server. Remote end closed connection [IP: 91.189.91.81 80]',
    sources: ['apt methods/http.cc'],
  }),
  says(means.UNCONNECTED, {
    id: 'apt/connection-failed',
    program: 'apt',
    literals: ['connection failed [ip:', 'unable to connect to '],
    regex: /(?:Connection failed|Unable to connect to (?<remote>[^\s:]+):(?:https?|\d+):) \[IP: /,
    example: 'Err:1 http://archive.ubuntu.com/ubuntu jammy InRelease  Connection failed [IP: 91.189.91.81 80]',
    sources: ['apt methods/connect.cc'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'npm/socket-timeout',
    program: 'npm, pnpm',
    literals: ['err_socket_timeout'],
    regex: /\bERR_SOCKET_TIMEOUT\b/,
    example: 'npm error code ERR_SOCKET_TIMEOUT',
    sources: ['npm: agentkeepalive, make-fetch-happen'],
  }),
  says(means.UNCONNECTED, {
    id: 'yarn/trouble',
    program: 'Yarn 1',
    literals: ['trouble with your network connection'],
    regex: /There appears to be trouble with your network connection/,
    phase: 'unknown',
    what: 'Yarn 1 says this for a RST, a FIN, a timeout and a refusal alike, and tries again. `yarn --verbose` shows which.',
    wraps: true,
    example: 'info There appears to be trouble with your network connection. Retrying...',
    sources: ['Yarn 1 request-manager.js'],
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'postfix/lost-greeting',
    program: 'Postfix',
    literals: ['lost connection with'],
    regex: /lost connection with (?<remote>[^\s[]+)\[[^\]]*\](?::\d+)? while receiving the initial server greeting/,
    condition: 'unknown',
    causes: [
      { id: 'policy-abort', why: 'the mail server, or a blocklist in front of it, ends connections from this address' },
      ...means.CLOSED_HANDSHAKE.causes.filter(({ id }) => id !== 'policy-abort'),
    ],
    example:
      'postfix/smtp[812]: to=<a@example.com>, status=deferred (lost connection with mx.example.com[192.0.2.5] while receiving the initial server greeting)',
    sources: ['Postfix smtp_proto.c'],
  }),
  says(means.ENDED_SESSION, {
    id: 'postfix/lost-session',
    program: 'Postfix',
    literals: ['lost connection with'],
    regex: /lost connection with (?<remote>[^\s[]+)\[[^\]]*\](?::\d+)? while /,
    causes: [
      { id: 'payload-rejected', why: 'while the body is sent: its size, a filter, or a path MTU problem' },
      ...means.ENDED_SESSION.causes,
    ],
    example:
      'postfix/smtp[812]: to=<a@example.com>, status=deferred (lost connection with mx.example.com[192.0.2.5] while sending message body)',
    sources: ['Postfix smtp_proto.c'],
  }),
  says(means.CLIENT_GONE, {
    id: 'postfix/client-lost',
    program: 'Postfix smtpd',
    literals: ['lost connection after'],
    regex: /smtpd\[\d+\]: lost connection after (?<code>[A-Z]+)(?: \(\d+ bytes\))? from [^\s[]*\[(?<client>[^\]]+)\]/,
    phase: 'unknown',
    causes: [
      { id: 'port-scan', why: 'after CONNECT, EHLO or AUTH: scanners, password guessers and health checks' },
      ...means.CLIENT_GONE.causes,
    ],
    example: 'postfix/smtpd[812]: lost connection after CONNECT from unknown[203.0.113.7]',
    sources: ['Postfix smtpd.c'],
  }),
  says(means.CLIENT_TIMEOUT, {
    id: 'postfix/client-timeout',
    program: 'Postfix smtpd',
    literals: ['timeout after'],
    regex: /smtpd\[\d+\]: timeout after (?<code>[A-Z-]+)(?: \(\d+ bytes\))? from [^\s[]*\[(?<client>[^\]]+)\]/,
    example: 'postfix/smtpd[812]: timeout after DATA (0 bytes) from mail.example.com[203.0.113.7]',
    sources: ['Postfix smtpd.c'],
  }),
  says(means.EXHAUSTION, {
    id: 'php/fpm-max-children',
    program: 'PHP-FPM',
    literals: ['server reached pm.max_children', 'server reached max_children'],
    regex: /server reached (?:pm\.)?max_children setting/,
    example: 'WARNING: [pool www] server reached pm.max_children setting (5), consider raising it',
    sources: ['PHP-FPM'],
  }),
  says(means.KILLED_PROCESS, {
    id: 'php/fpm-child',
    program: 'PHP-FPM',
    literals: ['] child '],
    regex: /\[pool \S+\] child (?<code>\d+)(?: exited on signal \d+|, script .* execution timed out .*terminating)/,
    example: 'WARNING: [pool www] child 4242 exited on signal 11 (SIGSEGV - core dumped) after 12.5 seconds from start',
    sources: ['PHP-FPM'],
  }),
];
