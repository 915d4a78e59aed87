/** Oracle Database: error numbers of its clients. */
import type { Meaning, Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

export const ORACLE: readonly Pattern[] = [
  ora(
    {
      ...means.CLOSED_SESSION,
      causes: [
        { id: 'process-crash', why: 'the server process ended: its trace file and the alert log name the reason' },
        ...means.CLOSED_SESSION.causes.filter(({ id }) => id !== 'process-crash'),
      ],
    },
    'ORA-03113',
    'end-of-file on communication channel',
  ),
  ora(
    {
      ...means.ENDED_SESSION,
      causes: [
        {
          id: 'idle-timeout',
          why: 'a firewall, or the server’s SQLNET.EXPIRE_TIME or IDLE_TIME, ended the quiet session',
        },
        ...means.ENDED_SESSION.causes.filter(({ id }) => id !== 'idle-timeout'),
      ],
    },
    'ORA-03135',
    'connection lost contact',
  ),
  ora(means.OWN_CLOSE, 'ORA-03114', 'not connected to ORACLE', true),
  ora(
    {
      ...means.CLOSED_HANDSHAKE,
      causes: [
        {
          id: 'policy-abort',
          why: 'valid node checking, a full listener, or a process limit ended it before the login',
        },
        ...means.CLOSED_HANDSHAKE.causes.filter(({ id }) => id !== 'policy-abort'),
      ],
    },
    'ORA-12537',
    'TNS:connection closed',
  ),
  ora(
    {
      ...means.CLOSED_HANDSHAKE,
      condition: 'unknown',
      causes: [
        {
          id: 'process-crash',
          why: 'the server process died while it started: memory, limits, rights of the oracle binary',
        },
        ...means.CLOSED_HANDSHAKE.causes.filter(({ id }) => id !== 'process-crash'),
      ],
    },
    'ORA-12547',
    'TNS:lost contact',
  ),
  ora(means.REFUSED, 'ORA-12541', 'TNS:no listener'),
  ora(means.CONNECT_TIMEOUT, 'ORA-12170', 'TNS:Connect timeout occurred'),
  ora(means.TIMED_OUT, 'ORA-12535', 'TNS:operation timed out'),
  ora(means.UNREACHABLE, 'ORA-12543', 'TNS:destination host unreachable'),
  ora({ ...means.BROKEN_PIPE, condition: 'unknown' }, 'ORA-12571', 'TNS:packet writer failure'),
  ora(
    { ...means.EXHAUSTION, phase: 'connect' },
    'ORA-12516',
    'TNS:listener could not find available handler with matching protocol stack',
  ),
  ora({ ...means.EXHAUSTION, phase: 'connect' }, 'ORA-12519', 'TNS:no appropriate service handler found'),
  ora(means.ENDED_SESSION, 'ORA-17410', 'No more data to read from socket'),
  ora(means.OWN_CLOSE, 'ORA-17008', 'Closed connection', true),
  says(means.ENDED_SESSION, {
    id: 'oracle/DPY-4011',
    program: 'python-oracledb',
    literals: ['dpy-4011', 'dpi-1080'],
    regex: /\bDP(?:Y-4011|I-1080)\b/,
    wraps: true,
    example: 'oracledb.exceptions.DatabaseError: DPY-4011: the database or network closed the connection',
    sources: ['python-oracledb'],
  }),
  says(means.UNCONNECTED, {
    id: 'oracle/DPY-6005',
    program: 'python-oracledb',
    literals: ['dpy-6005'],
    regex: /\bDPY-6005\b/,
    wraps: true,
    example: 'DPY-6005: cannot connect to database (CONNECTION_ID=x).',
    sources: ['python-oracledb'],
  }),
  says(means.UNCONNECTED, {
    id: 'oracle/network-adapter',
    program: 'Oracle JDBC',
    literals: ['the network adapter could not establish the connection'],
    regex: /The Network Adapter could not establish the connection/,
    wraps: true,
    example: 'java.sql.SQLRecoverableException: IO Error: The Network Adapter could not establish the connection',
    sources: ['Oracle JDBC: ORA-17002'],
  }),
  says(means.ENDED_SESSION, {
    id: 'oracle/no-more-data',
    program: 'Oracle JDBC',
    literals: ['no more data to read from socket', 'got minus one from a read call'],
    regex: /No more data to read from socket|Got minus one from a read call/,
    example: 'java.sql.SQLRecoverableException: No more data to read from socket',
    sources: ['Oracle JDBC: ORA-17410, ORA-17800'],
  }),
];

function ora(meaning: Meaning, code: string, words: string, outer = false): Pattern {
  return says(meaning, {
    id: `oracle/${code}`,
    program: 'Oracle',
    literals: [code.toLowerCase()],
    regex: new RegExp(String.raw`\b${code}\b`),
    example: `${code}: ${words}`,
    sources: ['Oracle: Database error messages'],
    ...(outer && { wraps: true }),
  });
}
