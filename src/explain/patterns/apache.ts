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
  says(means.BAD_GATEWAY, {
    id: 'apache/proxy-connect-failed',
    program,
    literals: ['ah01114', 'ah00898'],
    regex:
      /(?:AH01114: HTTP: failed to make connection to backend: (?<remote>\S+)|AH00898: Error reading from remote server returned by (?<request>\S+))/,
    wraps: true,
    example:
      '[proxy_http:error] [client 127.0.0.1:59578] AH01114: HTTP: failed to make connection to backend: 127.0.0.1',
    sources: RUN,
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
