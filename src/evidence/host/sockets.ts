/** The text of `ss -tan` with any of -p, -o, -i, -e, -m: one snapshot without a time of its own. */
import { toEndpoint } from './endpoint.ts';
import type { Task } from './kernel-trace.ts';
import { MOST_EVENTS, type LineParser, type Understood } from './source.ts';

export interface SocketRow {
  readonly line: number;
  /** ESTAB, CLOSE-WAIT, LISTEN and so on. */
  readonly state: string;
  readonly recvQ: number;
  readonly sendQ: number;
  readonly local: string;
  /** Empty for a listener. */
  readonly remote: string;
  readonly localPort: number;
  readonly users: readonly Task[];
}

export interface SocketTable extends Understood {
  readonly rows: readonly SocketRow[];
}

const ROW =
  /^(?:tcp\s+)?(?<state>[A-Z][A-Z0-9-]{2,10})\s+(?<recvQ>\d{1,10})\s+(?<sendQ>\d{1,10})\s+(?<local>\S{3,80})\s+(?<remote>\S{3,80})(?:\s|$)/;
const STATES = /^(?:ESTAB|SYN-SENT|SYN-RECV|FIN-WAIT-[12]|TIME-WAIT|UNCONN|CLOSE|CLOSE-WAIT|LAST-ACK|LISTEN|CLOSING)$/;
const MOST_USERS = 64;

export function createSocketTableParser(): LineParser<SocketTable> {
  const rows: SocketRow[] = [];
  let lines = 0;
  let understood = 0;
  let dropped = 0;
  return {
    line(text) {
      lines++;
      // Headings, and the details that -i prints below a row.
      if (/^(?:State|Netid)\s/.test(text) || (/^\s/.test(text) && understood > 0)) {
        understood++;
        return;
      }
      const row = toRow(text, lines);
      if (row === null) return;
      understood++;
      if (rows.length < MOST_EVENTS) rows.push(row);
      else dropped++;
    },
    end: () => ({ rows, lines, understood, dropped }),
  };
}

function toRow(text: string, line: number): SocketRow | null {
  const found = ROW.exec(text)?.groups;
  if (found === undefined || !STATES.test(found['state']!)) return null;
  const local = found['local']!;
  const localPort = Number(local.slice(local.lastIndexOf(':') + 1));
  if (!(localPort > 0)) return null;
  return {
    line,
    state: found['state']!,
    recvQ: Number(found['recvQ']),
    sendQ: Number(found['sendQ']),
    local: toEndpoint(local.replace(/^\*:/, '0.0.0.0:')),
    remote: toEndpoint(found['remote']!),
    localPort,
    users: usersOf(text),
  };
}

function usersOf(text: string): Task[] {
  const start = text.indexOf('users:((');
  if (start < 0) return [];
  const users: Task[] = [];
  for (const [, command, pid] of text.slice(start).matchAll(/\("([^"]{1,32})",pid=(\d{1,8}),fd=\d{1,8}\)/g)) {
    if (users.push({ pid: Number(pid), command: command! }) >= MOST_USERS) break;
  }
  return users;
}
