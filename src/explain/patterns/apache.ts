/** Apache httpd: error log of mod_proxy, mod_reqtimeout and the core; APR's own error numbers. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const RUN = ['run: Apache httpd 2.4.71'];
const program = 'Apache httpd';

export const APACHE: readonly Pattern[] = [
  says(means.RESET_RESPONSE, {
    id: 'apache/proxy-reset-status',
    program,
    literals: ['ah01102'],
    regex:
      /\((?:104|54|10054|OS 10054)\)[^:]*: .*AH01102: error reading status line from remote server (?<remote>[^\s:]+)(?::(?<remotePort>\d+))?/,
    example:
      '[proxy_http:error] (104)Connection reset by peer: [client 127.0.0.1:59526] AH01102: error reading status line from remote server 127.0.0.1:9002',
    sources: RUN,
  }),
  says(means.READ_TIMEOUT, {
    id: 'apache/proxy-timeout-status',
    program,
    literals: ['ah01102'],
    regex:
      /\((?:70007|110)\)[^:]*: .*AH01102: error reading status line from remote server (?<remote>[^\s:]+)(?::(?<remotePort>\d+))?/,
    example:
      '[proxy_http:error] (70007)The timeout specified has expired: [client 127.0.0.1:59572] AH01102: error reading status line from remote server 127.0.0.1:9006',
    sources: RUN,
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'apache/proxy-closed-status',
    program,
    literals: ['ah01102'],
    regex: /AH01102: error reading status line from remote server (?<remote>[^\s:]+)(?::(?<remotePort>\d+))?/,
    example:
      '[proxy_http:error] (20014)Internal error (specific information not available): [client 127.0.0.1:59538] AH01102: error reading status line from remote server 127.0.0.1:9003',
    sources: RUN,
  }),
  says(means.RESET_BODY, {
    id: 'apache/proxy-reset-body',
    program,
    literals: ['ah01110'],
    regex: /\((?:104|54|10054|OS 10054)\)[^:]*: .*AH01110: error reading response/,
    example:
      '[proxy_http:error] (104)Connection reset by peer: [client 127.0.0.1:59548] AH01110: error reading response',
    sources: RUN,
  }),
  says(means.CLOSED_BODY, {
    id: 'apache/proxy-closed-body',
    program,
    literals: ['ah01110'],
    regex: /AH01110: error reading response/,
    example:
      '[proxy_http:error] (70008)Partial results are valid but processing is incomplete: [client 127.0.0.1:59556] AH01110: error reading response',
    sources: RUN,
  }),
  says(means.REFUSED, {
    id: 'apache/proxy-refused',
    program,
    literals: ['ah00957'],
    regex: /\((?:111|61|10061|OS 10061)\)[^:]*: AH00957: .*attempt to connect to (?<remote>[^\s:]+):(?<remotePort>\d+)/,
    example:
      '[proxy:error] (111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:9999 (127.0.0.1:9999) failed',
    sources: RUN,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'apache/proxy-connect-timeout',
    program,
    literals: ['ah00957'],
    regex:
      /\((?:70007|110|10060|OS 10060)\)[^:]*: AH00957: .*attempt to connect to (?<remote>[^\s:]+):(?<remotePort>\d+)/,
    example:
      '[proxy:error] (70007)The timeout specified has expired: AH00957: http: attempt to connect to 127.0.0.1:9998 (127.0.0.1:9998) failed',
    sources: RUN,
  }),
  says(means.UNCONNECTED, {
    id: 'apache/proxy-connect-failed',
    program: program,
    literals: ['ah01114'],
    regex: /AH01114: HTTP: failed to make connection to backend: (?<remote>\S+)/,
    wraps: true,
    example:
      '[proxy_http:error] [client 127.0.0.1:59578] AH01114: HTTP: failed to make connection to backend: 127.0.0.1',
    sources: ['run: Apache httpd 2.4.71'],
  }),
  says(means.ENDED_UNANSWERED, {
    id: 'apache/proxy-read-failed',
    program: program,
    literals: ['ah00898'],
    regex: /AH00898: Error reading from remote server returned by (?<request>\S+)/,
    what: 'No whole answer came from the server: reset, closed or silent too long. The line before this one tells which.',
    wraps: true,
    example: '[proxy:error] [client 127.0.0.1:59526] AH00898: Error reading from remote server returned by /p9002',
    sources: ['run: Apache httpd 2.4.71'],
  }),
  says(means.CLIENT_RESET, {
    id: 'apache/client-reset-body',
    program,
    literals: ['ah01095', 'ah01097', 'ah01084'],
    regex: /\((?:104|54)\)[^:]*: .*AH010(?:95|97|84): /,
    phase: 'request',
    what: 'The client aborted with a RST while Apache was still reading the request’s body.',
    example:
      '[proxy:error] (104)Connection reset by peer: [client 127.0.0.1:59618] AH01095: prefetch request body failed to 127.0.0.1:9006 (127.0.0.1) from 127.0.0.1 ()',
    sources: RUN,
  }),
  says(means.EXHAUSTION, {
    id: 'apache/max-workers',
    program: program,
    literals: ['ah00161', 'ah00484', 'ah03490'],
    regex: /AH(?:00161|00484|03490): /,
    example:
      '[mpm_event:error] AH00484: server reached MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting',
    sources: ['Apache httpd mpm_event'],
  }),
  says(means.KILLED_PROCESS, {
    id: 'apache/child-died',
    program: program,
    literals: ['ah00051', 'ah00052'],
    regex: /AH0005[12]: child pid (?<code>\d+) exit signal/,
    example: '[core:notice] AH00052: child pid 4242 exit signal Segmentation fault (11)',
    sources: ['Apache httpd mpm_unix.c'],
  }),
  says(means.UNAVAILABLE, {
    id: 'apache/proxy-disabled',
    program: program,
    literals: ['ah00959', 'ah01170', 'ah03305'],
    regex: /AH00959: ap_proxy_connect_backend disabling worker for \((?<remote>[^\s:)]+)(?::(?<remotePort>\d+))?\)/,
    wraps: true,
    example: '[proxy:error] AH00959: ap_proxy_connect_backend disabling worker for (127.0.0.1:9999) for 60s',
    sources: ['Apache httpd proxy_util.c'],
  }),
  says(means.CLIENT_GONE, {
    id: 'apache/abortive-shutdown',
    program: program,
    literals: ['ah01998'],
    regex:
      /\[client (?<client>[^\s\]]+?):(?<clientPort>\d+)\] AH01998: Connection closed to child \d+ with abortive shutdown/,
    phase: 'unknown',
    what: 'Apache ended the TLS connection without saying goodbye, because the client had gone or TLS had failed.',
    example:
      '[ssl:info] [client 192.0.2.1:51234] AH01998: Connection closed to child 1 with abortive shutdown (server www.example.com:443)',
    sources: ['Apache httpd ssl_engine_io.c'],
  }),
  says(means.CLIENT_TIMEOUT, {
    id: 'apache/client-timeout',
    program,
    literals: ['ah01095', 'ah01382'],
    regex: /(?:\(70007\)[^:]*: .*AH01095: |AH01382: Request (?:header|body) read timeout)/,
    example: '[reqtimeout:info] [client 127.0.0.1:59612] AH01382: Request header read timeout',
    sources: RUN,
  }),
  says(means.BROKEN_PIPE_CLIENT, {
    id: 'apache/client-broken-pipe',
    program,
    literals: ['ah01587', '(32)broken pipe'],
    regex: /\(32\)Broken pipe: /,
    example: '[core:info] (32)Broken pipe: [client 10.0.0.9:51234] core_output_filter: writing data to the network',
    sources: ['Apache httpd core_filters.c'],
  }),
];
