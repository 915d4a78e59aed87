import { idlePeriod, probeSeries } from '../evidence/population.ts';
import { NO, shown, type Cause } from './define.ts';
import { abortCounters, who } from './telling.ts';

/** A host that gives connections up because it is short of something. */
export const resourceExhaustion: Cause = {
  id: 'resource-exhaustion',
  title: 'the host ran short of TCP memory, sockets, descriptors or processes',
  mechanisms: ['active-abort'],
  who: 'the kernel of the sender’s host, or a server that cannot serve another connection',
  requires: ['counters, the kernel log or the server’s log: packets alone seldom show it'],
  uses: ['TCPAbortOnMemory', 'sockstat', 'the server’s log'],
  docs: {
    what: 'When TCP’s memory (tcp_mem) is used up, or more closed but unfinished sockets exist than tcp_max_orphans allows, Linux drops such sockets instead of finishing them. It sends a RST only when something was sent lately or the peer’s window is closed; otherwise the connection ends without a word. A server without free descriptors, connections or processes may accept what waits and close it at once, and a request that it has not read makes that a RST.',
    why: 'Many slow peers hold send buffers full, a flood leaves orphans, or a limit is too small for the load. Without free descriptors libuv (Node) gives up its spare one to accept and close each waiting connection, nginx without worker_connections closes what it accepted, PostgreSQL does when fork() fails; others stop accepting, and the accept queue overflows.',
    tellApart: [
      {
        from: 'backlog-overflow',
        how: 'that is what a shortage of descriptors looks like where the server stops accepting: the handshake never completes there.',
      },
      { from: 'process-crash', how: 'an out-of-memory kill ends the process and all its sockets at once.' },
    ],
    sources: [
      'Linux Documentation/networking/snmp_counter.rst TcpExtTCPAbortOnMemory',
      'Linux Documentation/networking/ip-sysctl.rst tcp_mem, tcp_max_orphans',
      'Linux net/ipv4/tcp_timer.c tcp_out_of_resources',
      'libuv src/unix/stream.c uv__emfile_trick',
      'PostgreSQL src/backend/postmaster/postmaster.c report_fork_failure_to_client',
    ],
  },
  tell({ facts }) {
    return `${who(facts, facts.sender)} gave it up for want of memory or sockets`;
  },
  judge({ facts, population, mechanism }) {
    if (mechanism.mechanism !== 'active-abort') return NO;
    // A shortage keeps no schedule.
    const said = facts.app.firstText.server;
    if (
      facts.sender === 'server' &&
      said.length >= TELLING &&
      (said.startsWith(NO_PROCESS) || NO_PROCESS.startsWith(said))
    ) {
      return {
        outcome: 'fires',
        weight: 0.9,
        level: 'possible',
        twins: ['unread-data', 'linger-zero', 'process-crash'],
        wouldTell: `what was short: the log of ${who(facts, 'server')}, and the limits on its processes.`,
        evidence: [
          shown(
            facts,
            'says-cannot-fork',
            [facts.half.server.lastDataFrame, facts.rst.packet.frame],
            `the server had answered “${said.slice(1)}”, as PostgreSQL does when it cannot start another process`,
          ),
        ],
      };
    }
    if (idlePeriod(population, facts) !== null || probeSeries(population, facts)?.regular === true) return NO;
    return {
      outcome: 'cannot-tell',
      wouldTell: `whether ${facts[facts.sender].address} was short of memory: TcpExtTCPAbortOnMemory there, and "TCP: out of memory" or "too many orphaned sockets" in its kernel log.`,
    };
  },
  remedies({ facts }) {
    const { address } = facts[facts.sender];
    return [
      {
        text: `On ${address}: raise the limit that was reached`,
        command: 'sysctl net.ipv4.tcp_mem net.ipv4.tcp_max_orphans; cat /proc/net/sockstat',
        why: 'The mem value of sockstat is in pages, as tcp_mem is; the orphan value is held against tcp_max_orphans.',
      },
      {
        text: 'End slow connections before they pile up',
        command: 'setsockopt TCP_USER_TIMEOUT 30000   # nginx: send_timeout 30s; HAProxy: timeout client 30s',
        why: 'Buffers of peers that no longer read are what fills the memory.',
      },
    ];
  },
  confirm({ facts }) {
    return [
      abortCounters(facts, facts.sender),
      {
        text: `On ${facts[facts.sender].address}: what the kernel said about it`,
        command: `dmesg -T | grep -E 'TCP: out of memory|too many orphaned sockets'`,
        why: 'Linux logs both shortages, at a limited rate.',
      },
    ];
  },
};

/** PostgreSQL’s last word to a client for which it could not fork: an error of protocol 2, `E` before its text. */
const NO_PROCESS = 'Ecould not fork new process';
/** So many characters of it say enough, where the capture keeps no more. */
const TELLING = 10;
