/** What a snapshot of sockets says of a reset: whose the sender's end was, and what lay unread in it. */
import type { Task } from './kernel-trace.ts';
import { hostEvidence, type Ends } from './reset-ends.ts';
import type { SocketRow, SocketTable } from './sockets.ts';
import type { Source, Testimony } from './witness.ts';

export interface SocketsTestimony extends Testimony {
  /** The process that had the sender's end open; null where ss names none, or several. */
  readonly process: Task | null;
  readonly owners: readonly number[];
}

export interface SocketsWitness {
  of(ends: Ends): SocketsTestimony;
}

export function createSocketsWitness({ file, log }: Source<SocketTable>): SocketsWitness {
  const rows = new Map<string, SocketRow>();
  for (const row of log.rows) if (row.local !== '' && row.remote !== '') rows.set(`${row.local} ${row.remote}`, row);
  return {
    of(ends) {
      const row = rows.get(`${ends.sender} ${ends.receiver}`);
      if (row === undefined) return { process: null, owners: [], evidence: [], doubts: [] };
      const owner = row.users.length === 1 ? row.users[0]! : null;
      const whose = row.users.map(({ command, pid }) => `${command} (pid ${pid})`).join(', ');
      const text =
        `when ss looked, ${ends.sender} was a socket in state ${row.state}` +
        `${whose === '' ? '' : ` of ${whose}`} with ${row.recvQ} bytes unread (Recv-Q)`;
      return {
        process: owner,
        owners: row.users.map(({ pid }) => pid),
        evidence: [hostEvidence(ends, 'socket-seen', file, row.line, text)],
        doubts: [],
      };
    },
  };
}
