/** PostgreSQL, MySQL, Redis, MongoDB, Kafka and AMQP: their clients and servers. */
import type { Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

export const DATABASES: readonly Pattern[] = [
  says(means.CLOSED_SESSION, {
    id: 'postgres/node-closed',
    program: 'pg for Node.js',
    literals: ['connection terminated unexpectedly'],
    regex: /Connection terminated unexpectedly/,
    example: 'Error: Connection terminated unexpectedly',
    sources: ['run: pg 8'],
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'postgres/node-timeout',
    program: 'pg for Node.js',
    literals: [
      'error: timeout expired',
      'connection terminated due to connection timeout',
      'timeout exceeded when trying to connect',
    ],
    regex:
      /Error: (?:timeout expired|Connection terminated due to connection timeout|timeout exceeded when trying to connect)/,
    phase: 'unknown',
    what: 'No login was through within connectionTimeoutMillis: the SYN was not answered, or the server accepted and stayed silent; or every connection of the pool was taken.',
    causes: [
      ...means.CONNECT_TIMEOUT.causes,
      { id: 'resource-exhaustion', why: 'every connection of the pool was in use' },
    ],
    example: 'Error: timeout expired',
    sources: ['run: pg 8'],
  }),
  says(means.CLOSED_SESSION, {
    id: 'mysql/node-lost',
    program: 'mysql2 for Node.js',
    literals: ['protocol_connection_lost', 'connection lost: the server closed'],
    regex: /PROTOCOL_CONNECTION_LOST|Connection lost: The server closed the connection/,
    example: 'Error: Connection lost: The server closed the connection.',
    sources: ['run: mysql2 3'],
  }),
  says(means.CLOSED_SESSION, {
    id: 'kafka/kafkajs-closed',
    program: 'kafkajs',
    literals: ['] closed connection', 'kafkajsconnectionclosederror'],
    regex: /KafkaJSConnectionClosedError|\[(?:BrokerPool|Connection)\] Closed connection/,
    example: 'KafkaJSConnectionClosedError: Closed connection',
    sources: ['run: kafkajs 2'],
  }),
  says(means.REFUSED, {
    id: 'postgres/refused',
    program: 'PostgreSQL libpq',
    literals: ['connection to server at'],
    regex:
      /connection to server at "(?<remote>[^"]+)"(?: \([^)]*\))?, port (?<remotePort>\d+) failed: Connection refused/,
    example: 'psql: error: connection to server at "127.0.0.1", port 9999 failed: Connection refused',
    sources: ['run: psql 15'],
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'postgres/timeout',
    program: 'PostgreSQL libpq',
    literals: ['connection to server at'],
    regex:
      /connection to server at "(?<remote>[^"]+)"(?: \([^)]*\))?, port (?<remotePort>\d+) failed: (?:timeout expired|Connection timed out)/,
    example: 'psql: error: connection to server at "127.0.0.1", port 9998 failed: timeout expired',
    sources: ['run: psql 15'],
  }),
  says(
    {
      ...means.CLOSED_HANDSHAKE,
      causes: [
        { id: 'policy-abort', why: 'a pooler, a connection limit or a rule ended it before the login' },
        ...means.CLOSED_HANDSHAKE.causes.filter(({ id }) => id !== 'policy-abort'),
      ],
    },
    {
      condition: 'unknown',
      id: 'postgres/closed-connecting',
      program: 'PostgreSQL libpq',
      literals: ['connection to server at'],
      regex:
        /connection to server at "(?<remote>[^"]+)"(?: \([^)]*\))?, port (?<remotePort>\d+) failed: server closed the connection unexpectedly/,
      what: 'The server, or a proxy in front of it, ended the connection during the login: by a FIN or a RST, libpq says the same for both.',
      example:
        'psql: error: connection to server at "127.0.0.1", port 9003 failed: server closed the connection unexpectedly',
      sources: ['run: psql 15'],
    },
  ),
  says(means.ENDED_SESSION, {
    id: 'postgres/closed',
    program: 'PostgreSQL clients',
    literals: [
      'server closed the connection unexpectedly',
      'connection terminated due to connection timeout',
      'ssl connection has been closed unexpectedly',
    ],
    regex: /server closed the connection unexpectedly|SSL connection has been closed unexpectedly/,
    example: 'server closed the connection unexpectedly',
    sources: ['run: psycopg2, pg'],
  }),
  says(
    {
      ...means.CLOSED_SESSION,
      causes: [
        { id: 'killed', why: 'pg_terminate_backend, a failover or a shutdown: the message says which' },
        { id: 'shutdown-in-flight', why: 'the server stops or restarts' },
      ],
    },
    {
      id: 'postgres/terminated',
      program: 'PostgreSQL',
      literals: ['terminating connection due to', 'the database system is shutting down'],
      regex:
        /terminating connection due to (?:administrator command|idle-in-transaction timeout|idle-session timeout|conflict|crash)|the database system is shutting down/,
      example: 'FATAL:  terminating connection due to administrator command',
      sources: ['PostgreSQL postgres.c'],
    },
  ),
  says(means.CLIENT_RESET, {
    id: 'postgres/server-client-reset',
    program: 'PostgreSQL server',
    literals: ['could not receive data from client'],
    regex: /could not receive data from client: Connection reset by peer/,
    phase: 'unknown',
    example: 'LOG:  could not receive data from client: Connection reset by peer',
    sources: ['PostgreSQL pqcomm.c'],
  }),
  says(means.BROKEN_PIPE_CLIENT, {
    id: 'postgres/server-client-pipe',
    program: 'PostgreSQL server',
    literals: ['could not send data to client'],
    regex: /could not send data to client: Broken pipe/,
    example: 'LOG:  could not send data to client: Broken pipe',
    sources: ['PostgreSQL pqcomm.c'],
  }),
  says(means.CLIENT_GONE, {
    id: 'postgres/server-client-eof',
    program: 'PostgreSQL server',
    literals: ['unexpected eof on client connection'],
    regex: /unexpected EOF on client connection/,
    phase: 'unknown',
    example: 'LOG:  unexpected EOF on client connection with an open transaction',
    sources: ['PostgreSQL postgres.c'],
  }),
  says(means.REFUSED, {
    id: 'mysql/refused',
    program: 'MySQL clients',
    literals: ["can't connect to"],
    regex:
      /Can't connect to (?:MySQL|MariaDB)? ?server on '(?<remote>[^':]+)(?::(?<remotePort>\d+))?' \((?:\[Errno )?(?:111|61|10061)\b/,
    example: "ERROR 2003 (HY000): Can't connect to MySQL server on '127.0.0.1:9999' (111)",
    sources: ['run: PyMySQL', 'MySQL errors 2003'],
  }),
  says(means.CONNECT_TIMEOUT, {
    id: 'mysql/connect-timeout',
    program: 'MySQL clients',
    literals: ["can't connect to"],
    regex:
      /Can't connect to (?:MySQL|MariaDB)? ?server on '(?<remote>[^':]+)(?::(?<remotePort>\d+))?' \((?:\[Errno )?(?:110|60|10060|timed out)/,
    example: "ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.5:3306' (110)",
    sources: ['MySQL errors 2003'],
  }),
  says(means.RESET_HANDSHAKE, {
    id: 'mysql/connect-reset',
    program: 'MySQL clients',
    literals: ["can't connect to"],
    regex:
      /Can't connect to (?:MySQL|MariaDB)? ?server on '(?<remote>[^':]+)(?::(?<remotePort>\d+))?' \((?:\[Errno )?(?:104|54|10054)\b/,
    example:
      "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on '127.0.0.1' ([Errno 104] Connection reset by peer)\")",
    sources: ['run: PyMySQL'],
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'mysql/lost-handshake',
    program: 'MySQL clients',
    literals: ['lost connection to'],
    regex: /Lost connection to (?:MySQL |MariaDB )?server at '(?:reading|waiting for|sending)[^']*'/,
    example:
      "ERROR 2013 (HY000): Lost connection to MySQL server at 'reading initial communication packet', system error: 104",
    sources: ['MySQL errors 2013'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'mysql/query-timeout',
    program: 'MySQL clients',
    literals: ['lost connection to'],
    regex: /Lost connection to (?:MySQL |MariaDB )?server during query \(timed out\)/,
    example: "pymysql.err.OperationalError: (2013, 'Lost connection to MySQL server during query (timed out)')",
    sources: ['run: PyMySQL'],
  }),
  says(means.ENDED_SESSION, {
    id: 'mysql/lost',
    program: 'MySQL clients',
    literals: [
      'lost connection to',
      'server has gone away',
      'protocol_connection_lost',
      'the server closed the connection',
      'connection was killed',
    ],
    regex:
      /Lost connection to (?:MySQL|MariaDB)? ?server|(?:MySQL|MariaDB)? ?server has gone away|Connection was killed/,
    example: 'ERROR 2006 (HY000): MySQL server has gone away',
    sources: ['run: mysql2, PyMySQL'],
  }),
  says(means.CLIENT_GONE, {
    id: 'mysql/server-aborted',
    program: 'MySQL server',
    literals: ['aborted connection'],
    regex: /Aborted connection \d+ to db: .*\(Got (?:an error|timeout) reading communication packets\)/,
    phase: 'unknown',
    example:
      "[Note] Aborted connection 42 to db: 'app' user: 'app' host: '10.0.0.9' (Got an error reading communication packets)",
    sources: ['MySQL: communication errors'],
  }),
  says(means.CLOSED_SESSION, {
    id: 'redis/closed',
    program: 'Redis clients',
    literals: [
      'connection closed by server',
      'server closed the connection',
      'socket closed unexpectedly',
      'reply_error: server closed',
    ],
    regex:
      /ConnectionError: Connection closed by server|Error: Server closed the connection|Socket closed unexpectedly/,
    example: 'redis.exceptions.ConnectionError: Connection closed by server.',
    sources: ['run: redis-cli 7.0, redis-py, node-redis'],
  }),
  says(means.REFUSED, {
    id: 'redis/refused',
    program: 'Redis clients',
    literals: ['could not connect to redis', 'error 111 connecting to'],
    regex:
      /Could not connect to Redis at (?<remote>[^\s:]+):(?<remotePort>\d+): Connection refused|Error 111 connecting to (?<remote2>[^\s:]+):(?<remotePort2>\d+)/,
    example: 'Could not connect to Redis at 127.0.0.1:9999: Connection refused',
    sources: ['run: redis-cli 7.0, redis-py'],
  }),
  says(means.RESET, {
    id: 'redis/reset',
    program: 'Redis clients',
    literals: ['error while reading from', 'error while writing to socket'],
    regex:
      /Error while reading from (?<remote>[^\s:]+):(?<remotePort>\d+) : \((?:104|54), |Error while writing to socket\. 104 /,
    example:
      "redis.exceptions.ConnectionError: Error while reading from 127.0.0.1:9002 : (104, 'Connection reset by peer')",
    sources: ['run: redis-py'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'redis/timeout',
    program: 'Redis clients',
    literals: ['timeout reading from'],
    regex: /Timeout reading from (?:socket|(?<remote>[^\s:]+):(?<remotePort>\d+))/,
    example: 'redis.exceptions.TimeoutError: Timeout reading from socket',
    sources: ['run: redis-py'],
  }),
  says(means.OWN_CLOSE, {
    id: 'redis/ioredis-closed',
    program: 'ioredis',
    literals: ['connection is closed.'],
    regex: /Error: Connection is closed\./,
    wraps: true,
    what: 'ioredis gave the command up because its connection had ended and it was not to reconnect; the error before it says how it ended.',
    example: 'Error: Connection is closed.',
    sources: ['run: ioredis 5'],
  }),
  says(means.DRAINED, {
    id: 'redis/output-buffer',
    program: 'Redis server',
    literals: ['overcoming of output buffer limits'],
    regex: /Client id=\d+.* scheduled to be closed ASAP for overcoming of output buffer limits/,
    what: 'Redis closed a client that did not read its answers fast enough: its output buffer reached the limit.',
    causes: [{ id: 'policy-abort', why: 'client-output-buffer-limit was reached' }],
    example: 'Client id=7 addr=10.0.0.9:51234 scheduled to be closed ASAP for overcoming of output buffer limits.',
    sources: ['Redis networking.c'],
  }),
  says(means.REFUSED, {
    id: 'mongodb/refused',
    program: 'MongoDB drivers',
    literals: [
      'mongoserverselectionerror',
      'mongonetworkerror',
      'mongosocket',
      'serverselectiontimeouterror',
      'autoreconnect',
    ],
    regex:
      /(?:MongoServerSelectionError|MongoNetworkError|ServerSelectionTimeoutError|AutoReconnect|MongoSocketOpenException)\b.*(?:ECONNREFUSED|Connection refused)/,
    example: 'MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:9999',
    sources: ['run: mongodb 6, PyMongo 4'],
  }),
  says(means.RESET, {
    id: 'mongodb/reset',
    program: 'MongoDB drivers',
    literals: [
      'mongoserverselectionerror',
      'mongonetworkerror',
      'mongosocket',
      'serverselectiontimeouterror',
      'autoreconnect',
    ],
    regex:
      /(?:MongoServerSelectionError|MongoNetworkError|ServerSelectionTimeoutError|AutoReconnect|MongoSocketReadException)\b.*(?:ECONNRESET|Connection reset)/,
    example: 'MongoNetworkError: read ECONNRESET',
    sources: ['run: mongodb 6, PyMongo 4'],
  }),
  says(means.READ_TIMEOUT, {
    id: 'mongodb/timeout',
    program: 'MongoDB drivers',
    literals: ['connection <monitor> to', 'mongonetworktimeouterror', 'mongosocketreadtimeoutexception'],
    regex:
      /connection (?:<monitor>|\d+) to (?<remote>\S+):(?<remotePort>\d+) timed out|MongoNetworkTimeoutError|MongoSocketReadTimeoutException/,
    example: 'MongoNetworkTimeoutError: connection <monitor> to 127.0.0.1:9006 timed out',
    sources: ['run: mongodb 6'],
  }),
  says(means.CLOSED_SESSION, {
    id: 'mongodb/closed',
    program: 'MongoDB drivers',
    literals: [
      'mongoserverselectionerror',
      'mongonetworkerror',
      'mongosocket',
      'connection closed',
      'autoreconnect',
      'serverselectiontimeouterror',
    ],
    regex:
      /connection (?:<monitor>|\d+) to (?<remote>[^\s:]+):(?<remotePort>\d+) closed|(?:ServerSelectionTimeoutError|AutoReconnect): \S+: connection closed|MongoSocketReadException: Prematurely reached end of stream/,
    example: 'MongoServerSelectionError: connection <monitor> to 127.0.0.1:9003 closed',
    sources: ['run: mongodb 6, PyMongo 4'],
  }),
  says(
    {
      ...means.ENDED_SESSION,
      causes: [
        { id: 'idle-timeout', why: 'connections.max.idle.ms, ten minutes by default, or a load balancer’s limit' },
        { id: 'policy-abort', why: 'the listener expects TLS or SASL and closed what did not speak it' },
        ...means.ENDED_SESSION.causes.slice(1),
      ],
    },
    {
      id: 'kafka/disconnected',
      program: 'Kafka clients',
      literals: [
        'clientid=',
        'disconnected while requesting',
        'closed connection',
        'kafkajsconnectionclosederror',
        'disconnectexception',
      ],
      regex:
        /\[?(?:Consumer|Producer|AdminClient) clientId=.*(?:Node -?\d+ disconnected|disconnected\.)|Disconnected while requesting ApiVersion|DisconnectException/,
      example: '[Producer clientId=p1] Node -1 disconnected.',
      sources: ['run: kafkajs 2', 'Apache Kafka NetworkClient'],
    },
  ),
  says(means.CONNECT_TIMEOUT, {
    id: 'kafka/unavailable',
    program: 'Kafka clients',
    literals: ['could not be established'],
    regex: /Connection to node -?\d+ (?:\((?<remote>[^/)]*)\/?[^)]*\) )?could not be established/,
    condition: 'unknown',
    what: 'The Kafka client could not connect to a broker: refused or without an answer, the line does not tell; or the broker advertises an address that this client cannot reach.',
    causes: [
      { id: 'refused', why: 'the broker is down, or advertises an address that nothing listens on' },
      ...means.CONNECT_TIMEOUT.causes,
    ],
    example:
      '[Producer clientId=p1] Connection to node -1 (localhost/127.0.0.1:9092) could not be established. Node may not be available.',
    sources: ['Apache Kafka NetworkClient'],
  }),
  says(means.RESET_HANDSHAKE, {
    id: 'kafka/ssl-handshake',
    program: 'Kafka brokers',
    literals: ['failed authentication with'],
    regex: /Failed authentication with \/?(?<client>[^\s:]+)/,
    condition: 'aborted',
    causes: [
      { id: 'protocol-mismatch', why: 'plain text to a TLS listener, or the reverse' },
      { id: 'policy-abort', why: 'wrong credentials or certificate' },
    ],
    example:
      '[SocketServer listenerType=ZK_BROKER] Failed authentication with /10.0.0.9 (channelId=…) (SSL handshake failed)',
    sources: ['Apache Kafka Selector'],
  }),
  says(means.CLOSED_HANDSHAKE, {
    id: 'amqp/closed-handshake',
    program: 'AMQP clients',
    literals: ['closed abruptly during opening handshake', 'handshake_timeout'],
    regex: /Socket closed abruptly during opening handshake|\{handshake_timeout,/,
    example: 'Error: Socket closed abruptly during opening handshake',
    sources: ['run: amqplib 0.10'],
  }),
  says(means.CLOSED_SESSION, {
    id: 'amqp/heartbeat',
    program: 'AMQP, RabbitMQ',
    literals: ['missed heartbeats', 'heartbeat timeout'],
    regex: /[Mm]issed heartbeats from (?:client|server)|[Hh]eartbeat timeout/,
    condition: 'timed-out',
    phase: 'idle',
    what: 'No heartbeat came from the peer for two intervals, so this side closed: the path went silent, or the peer was too busy to send.',
    causes: [
      { id: 'idle-dropped', why: 'a firewall or NAT forgot the quiet connection' },
      { id: 'dead-peer', why: 'the peer’s host or process is gone or blocked' },
    ],
    example: 'missed heartbeats from client, timeout: 60s',
    sources: ['RabbitMQ: heartbeats'],
  }),
  says(means.CLIENT_GONE, {
    id: 'amqp/client-closed',
    program: 'RabbitMQ',
    literals: ['client unexpectedly closed tcp connection', 'connection_closed_abruptly'],
    regex: /client unexpectedly closed TCP connection|connection_closed_abruptly/,
    phase: 'unknown',
    example:
      'closing AMQP connection <0.100.0> (10.0.0.9:51234 -> 10.0.0.5:5672): client unexpectedly closed TCP connection',
    sources: ['RabbitMQ rabbit_reader.erl'],
  }),
  says(means.DRAINED, {
    id: 'amqp/connection-forced',
    program: 'AMQP clients',
    literals: ['connection_forced', 'connection-forced'],
    regex: /CONNECTION[_-]FORCED/,
    causes: [
      { id: 'shutdown-in-flight', why: 'the broker is stopped or restarted' },
      { id: 'killed', why: 'an administrator closed the connection' },
    ],
    example:
      'Error: Connection closed: 320 (CONNECTION-FORCED) with message "CONNECTION_FORCED - broker forced connection closure with reason \'shutdown\'"',
    sources: ['RabbitMQ'],
  }),
];
