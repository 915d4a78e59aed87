/** .NET: sockets, HttpClient, Kestrel; Windows' own sentences, which .NET prints on every system. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const WINSOCK = ['Microsoft: Windows Sockets error codes'];
const program = '.NET, Windows';

export const DOTNET: readonly Pattern[] = [
  says(means.CLOSED_UNANSWERED, {
    id: 'dotnet/response-ended',
    program: '.NET HttpClient',
    literals: ['the response ended prematurely', 'invalid or unrecognized response'],
    regex: /The response ended prematurely|The server returned an invalid or unrecognized response/,
    example: 'System.Net.Http.HttpIOException: The response ended prematurely. (ResponseEnded)',
    sources: ['dotnet/runtime: HttpConnection.cs'],
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'dotnet/tls-eof',
    program: '.NET SslStream',
    literals: ['received an unexpected eof or 0 bytes', 'authentication failed because the remote party has closed'],
    regex:
      /Received an unexpected EOF or 0 bytes from the transport stream|Authentication failed because the remote party (?:has closed|sent a TLS alert)/,
    example: 'System.IO.IOException: Received an unexpected EOF or 0 bytes from the transport stream.',
    sources: ['dotnet/runtime: SslStream'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'dotnet/httpclient-timeout',
    program: '.NET HttpClient',
    literals: ['httpclient.timeout'],
    regex: /The request was canceled due to the configured HttpClient\.Timeout of (?<code>[\d.]+) seconds/,
    example:
      'TaskCanceledException: The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.',
    sources: ['dotnet/runtime: HttpClient'],
  }),
  says(means.RESET, {
    id: 'dotnet/forcibly-closed',
    program,
    literals: ['forcibly closed by the remote host', 'wsaeconnreset'],
    regex: /forcibly closed by the remote host|WSAECONNRESET/i,
    example:
      'System.Net.Sockets.SocketException (10054): An existing connection was forcibly closed by the remote host.',
    sources: WINSOCK,
  }),
  says(means.ABORTED, {
    id: 'dotnet/aborted',
    program,
    literals: ['aborted by the software in your host machine', 'wsaeconnaborted'],
    regex: /aborted by the software in your host machine|WSAECONNABORTED/i,
    example: 'SocketException (10053): An established connection was aborted by the software in your host machine.',
    sources: WINSOCK,
  }),
  says(means.REFUSED, {
    id: 'dotnet/refused',
    program,
    literals: ['target machine actively refused it', 'wsaeconnrefused'],
    regex:
      /actively refused it\.? ?(?:[[(](?:::ffff:)?(?<remote>[\d.]+|[\da-fA-F:]+)[\]]?:(?<remotePort>\d+))?|WSAECONNREFUSED/i,
    example: 'No connection could be made because the target machine actively refused it. (localhost:9999)',
    sources: WINSOCK,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'dotnet/connect-timeout',
    program,
    literals: ['did not properly respond after a period of time', 'wsaetimedout'],
    regex: /did not properly respond after a period of time|WSAETIMEDOUT/i,
    example:
      'A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.',
    sources: WINSOCK,
  }),
  says(means.RESET, {
    id: 'dotnet/10054',
    program,
    literals: ['10054'],
    regex: /(?:error|code|errno|WinError|OS|SocketException|\()[ :=(]*10054\b/i,
    example: 'recv failed with error 10054',
    sources: WINSOCK,
  }),
  says(means.ABORTED, {
    id: 'dotnet/10053',
    program,
    literals: ['10053'],
    regex: /(?:error|code|errno|WinError|OS|SocketException|\()[ :=(]*10053\b/i,
    example: 'send failed with error 10053',
    sources: WINSOCK,
  }),
  says(means.REFUSED, {
    id: 'dotnet/10061',
    program,
    literals: ['10061'],
    regex: /(?:error|code|errno|WinError|OS|SocketException|\()[ :=(]*10061\b/i,
    example: 'connect failed with error 10061',
    sources: WINSOCK,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'dotnet/10060',
    program,
    literals: ['10060'],
    regex: /(?:error|code|errno|WinError|OS|SocketException|\()[ :=(]*10060\b/i,
    example: 'connect failed with error 10060',
    sources: WINSOCK,
  }),
];
