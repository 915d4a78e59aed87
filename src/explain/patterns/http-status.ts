/** Gateway status codes, in access logs and in error messages. */
import type { Meaning, Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const RFC = ['RFC 9110 §15.6'];

export const HTTP_STATUS: readonly Pattern[] = [
  status('502', 'Bad Gateway', means.BAD_GATEWAY),
  status('503', 'Service (?:Temporarily )?Unavailable', means.UNAVAILABLE, 'Service Unavailable'),
  status('504', 'Gateway Time-?[Oo]ut', means.GATEWAY_TIMEOUT, 'Gateway Timeout'),
  says(means.CLIENT_GONE, {
    id: 'http/499',
    program: 'HTTP gateways',
    literals: ['499 client closed request', '/1.1 499', '/2 499', 'status code 499', 'status=499'],
    regex: /\b499 Client Closed Request|HTTP\/[\d.]+ 499\b|\bstatus(?: code|=) ?499\b/i,
    what: 'The client closed its connection before the gateway had an answer for it (499, nginx’s own code).',
    example: '499 Client Closed Request',
    sources: ['nginx ngx_http_request.h'],
  }),
];

function status(code: string, words: string, meaning: Meaning, plain: string = words): Pattern {
  return says(meaning, {
    id: `http/${code}`,
    program: 'HTTP gateways',
    literals: [
      `" ${code} `,
      `${code} ${plain.toLowerCase().split(' ')[0]}`,
      `/1.1 ${code}`,
      `/1.0 ${code}`,
      `/2 ${code}`,
      `status code ${code}`,
      `status: ${code}`,
      `status=${code}`,
      plain.toLowerCase(),
      plain.toLowerCase().replace('timeout', 'time-out'),
    ],
    regex: new RegExp(
      String.raw`"(?<request>[A-Z]+ [^"]*)" ${code} (?<bytes>\d+|-)|\b${code} ${words}|HTTP/[\d.]+ ${code}\b|[Ss]tatus(?: [Cc]ode|:|=) ?${code}\b|^${words}$`,
    ),
    wraps: true,
    example: `${code} ${plain}`,
    sources: RFC,
  });
}
