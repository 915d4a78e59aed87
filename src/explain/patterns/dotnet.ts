/** .NET: sockets, HttpClient, Kestrel; Windows' own sentences, which .NET prints on every system. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const WINSOCK = ['Microsoft: Windows Sockets error codes'];
const program = '.NET, Windows';

export const DOTNET: readonly Pattern[] = [
  says(means.CLOSED_BODY, {
    id: 'dotnet/body-ended',
    program: '.NET HttpClient',
    literals: ['the response ended prematurely, with at least', 'error while copying content to a stream'],
    regex:
      /The response ended prematurely, with at least|Error while copying content to a stream.*The response ended prematurely/,
    example:
      'System.Net.Http.HttpIOException: The response ended prematurely, with at least 90 additional bytes expected. (ResponseEnded)',
    sources: ['dotnet/runtime: HttpContentReadStream'],
  }),
  says(means.MISMATCHED, {
    id: 'dotnet/invalid-response',
    program: '.NET HttpClient',
    literals: ['invalid or unrecognized response', 'received an invalid status line'],
    regex: /The server returned an invalid or unrecognized response|Received an invalid status line/,
    phase: 'response',
    example: 'System.Net.Http.HttpRequestException: The server returned an invalid or unrecognized response.',
    sources: ['dotnet/runtime: HttpConnection.cs'],
  }),
  says(means.CLOSED_IDLE, {
    id: 'dotnet/keep-alive-failure',
    program: '.NET Framework',
    literals: ['expected to be kept alive was closed by the server'],
    regex: /A connection that was expected to be kept alive was closed by the server/,
    example:
      'System.Net.WebException: The underlying connection was closed: A connection that was expected to be kept alive was closed by the server.',
    sources: ['.NET: WebExceptionStatus.KeepAliveFailure'],
  }),
  says(means.ENDED_UNANSWERED, {
    id: 'dotnet/underlying-closed',
    program: '.NET Framework',
    literals: ['the underlying connection was closed'],
    regex:
      /The underlying connection was closed: (?:The connection was closed unexpectedly|An unexpected error occurred on a (?:receive|send))/,
    wraps: true,
    example: 'System.Net.WebException: The underlying connection was closed: The connection was closed unexpectedly.',
    sources: ['.NET: WebExceptionStatus.ConnectionClosed'],
  }),
  says(means.KERNEL_TIMEOUT, {
    id: 'dotnet/established-timeout',
    program: '.NET, Windows',
    literals: ['did not properly respond after a period of time'],
    regex:
      /(?:wsarecv|wsasend|[Uu]nable to (?:read|write) data (?:from|to) the transport connection): A connection attempt failed because the connected party did not properly respond/,
    example:
      'read tcp 10.0.0.9:51234->10.0.0.5:443: wsarecv: A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond.',
    sources: ['Microsoft: Windows Sockets error codes'],
  }),
  says(means.CANCELLED, {
    id: 'dotnet/io-aborted',
    program: '.NET, Windows',
    literals: ['because of either a thread exit or an application request'],
    regex: /The I\/O operation has been aborted because of either a thread exit or an application request/,
    example:
      'SocketException (995): The I/O operation has been aborted because of either a thread exit or an application request.',
    sources: ['Microsoft: WSA_OPERATION_ABORTED'],
  }),
  says(means.RESET, {
    id: 'dotnet/network-name',
    program: 'Windows, SQL Server',
    literals: ['the specified network name is no longer available'],
    regex: /The specified network name is no longer available/,
    example:
      'A transport-level error has occurred when receiving results from the server. (provider: TCP Provider, error: 0 - The specified network name is no longer available.)',
    sources: ['Microsoft: ERROR_NETNAME_DELETED (64)'],
  }),
  says(means.KERNEL_TIMEOUT, {
    id: 'dotnet/semaphore-timeout',
    program: 'Windows, SQL Server',
    literals: ['the semaphore timeout period has expired'],
    regex: /The semaphore timeout period has expired/,
    example:
      'A transport-level error has occurred when receiving results from the server. (provider: TCP Provider, error: 0 - The semaphore timeout period has expired.)',
    sources: ['Microsoft: ERROR_SEM_TIMEOUT (121)'],
  }),
  says(means.UNCONNECTED, {
    id: 'dotnet/sql-connect',
    program: 'SQL Server clients',
    literals: ['error occurred while establishing a connection to sql server'],
    regex: /error occurred while establishing a connection to SQL Server/,
    wraps: true,
    example:
      'A network-related or instance-specific error occurred while establishing a connection to SQL Server. The server was not found or was not accessible. (provider: Named Pipes Provider, error: 40 - Could not open a connection to SQL Server)',
    sources: ['Microsoft.Data.SqlClient'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'dotnet/sql-execution-timeout',
    program: 'SQL Server clients',
    literals: ['prior to completion of the operation or the server is not responding'],
    regex: /The timeout period elapsed prior to completion of the operation or the server is not responding/,
    example:
      'Microsoft.Data.SqlClient.SqlException: Execution Timeout Expired.  The timeout period elapsed prior to completion of the operation or the server is not responding.',
    sources: ['Microsoft.Data.SqlClient'],
  }),
  says(means.EXHAUSTION, {
    id: 'dotnet/sql-pool',
    program: 'SQL Server clients',
    literals: ['prior to obtaining a connection from the pool'],
    regex: /The timeout period elapsed prior to obtaining a connection from the pool/,
    phase: 'connect',
    what: 'Every connection of this program’s own pool was in use until the time was up. No packet was sent.',
    example:
      'Timeout expired.  The timeout period elapsed prior to obtaining a connection from the pool.  This may have occurred because all pooled connections were in use and max pool size was reached.',
    sources: ['Microsoft.Data.SqlClient'],
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'dotnet/tedious-timeout',
    program: 'tedious, mssql',
    literals: ['failed to connect to'],
    regex: /Failed to connect to (?<remote>[^\s:]+):(?<remotePort>\d+) in \d+ms/,
    phase: 'unknown',
    what: 'No login was through within connectTimeout: the SYN was not answered, or the server accepted and stayed silent.',
    example: 'ConnectionError: Failed to connect to db.example.com:1433 in 15000ms',
    sources: ['tedious connection.ts'],
  }),
  says(means.CLIENT_GONE, {
    id: 'dotnet/kestrel-client',
    program: 'ASP.NET Core Kestrel',
    literals: ['the client has disconnected', 'unexpected end of request content'],
    regex: /The client has disconnected|Unexpected end of request content/,
    phase: 'request',
    example: 'Microsoft.AspNetCore.Server.Kestrel.Core.BadHttpRequestException: Unexpected end of request content.',
    sources: ['ASP.NET Core Kestrel'],
  }),
  says(means.CLIENT_TIMEOUT, {
    id: 'dotnet/kestrel-slow',
    program: 'ASP.NET Core Kestrel',
    literals: ['data arriving too slowly'],
    regex: /Reading the request body timed out due to data arriving too slowly/,
    example:
      'BadHttpRequestException: Reading the request body timed out due to data arriving too slowly. See MinRequestBodyDataRate.',
    sources: ['ASP.NET Core Kestrel'],
  }),
  says(means.ENDED_SESSION, {
    id: 'dotnet/npgsql-stream',
    program: 'Npgsql',
    literals: ['exception while reading from stream', 'exception while writing to stream'],
    regex: /NpgsqlException.*Exception while (?:reading from|writing to) stream/,
    wraps: true,
    example: 'Npgsql.NpgsqlException (0x80004005): Exception while reading from stream',
    sources: ['Npgsql'],
  }),
  says(means.UNCONNECTED, {
    id: 'dotnet/redis-unconnected',
    program: 'StackExchange.Redis, MySqlConnector',
    literals: ['unabletoconnect on', 'unable to connect to any of the specified mysql hosts'],
    regex:
      /UnableToConnect on (?<remote>[^\s:/]+):(?<remotePort>\d+)|Unable to connect to any of the specified MySQL hosts/,
    wraps: true,
    example:
      'StackExchange.Redis.RedisConnectionException: It was not possible to connect to the redis server(s). UnableToConnect on localhost:6379/Interactive',
    sources: ['StackExchange.Redis'],
  }),
  says(means.ENDED_SESSION, {
    id: 'dotnet/redis-failure',
    program: 'StackExchange.Redis',
    literals: ['socketfailure on', 'socketclosed on'],
    regex: /Socket(?:Failure|Closed) (?:\([^)]*\) )?on (?<remote>[^\s:/]+):(?<remotePort>\d+)/,
    wraps: true,
    example: 'StackExchange.Redis.RedisConnectionException: SocketFailure on 127.0.0.1:6379/Interactive',
    sources: ['StackExchange.Redis'],
  }),
  says(means.CLOSED_UNANSWERED, {
    id: 'dotnet/response-ended',
    program: '.NET HttpClient',
    literals: ['the response ended prematurely'],
    regex: /The response ended prematurely/,
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
    regex: /(?:error|code|errno|WinError|OS|SocketException|\()[ :=(]{0,4}10054\b/i,
    example: 'recv failed with error 10054',
    sources: WINSOCK,
  }),
  says(means.ABORTED, {
    id: 'dotnet/10053',
    program,
    literals: ['10053'],
    regex: /(?:error|code|errno|WinError|OS|SocketException|\()[ :=(]{0,4}10053\b/i,
    example: 'send failed with error 10053',
    sources: WINSOCK,
  }),
  says(means.REFUSED, {
    id: 'dotnet/10061',
    program,
    literals: ['10061'],
    regex: /(?:error|code|errno|WinError|OS|SocketException|\()[ :=(]{0,4}10061\b/i,
    example: 'connect failed with error 10061',
    sources: WINSOCK,
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'dotnet/10060',
    program,
    literals: ['10060'],
    regex: /(?:error|code|errno|WinError|OS|SocketException|\()[ :=(]{0,4}10060\b/i,
    example: 'connect failed with error 10060',
    sources: WINSOCK,
  }),
];
