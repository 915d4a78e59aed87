/** Words that several causes share: who a side is, and commands with its addresses filled in. */
import type { Side } from '../terms/actors.ts';
import type { ConnectionFacts, HostFacts } from '../evidence/facts.ts';
import { straceOf } from '../evidence/host/recipes.ts';
import type { Remedy } from './define.ts';
import { ms } from './duration.ts';

/** `the server 10.0.0.5:443 (nginx)`, `the proxy nginx 10.0.0.5:80`. */
export function who(facts: ConnectionFacts, side: Side): string {
  const host = facts[side];
  const role = host.role === 'unknown' ? side : host.role.replace('-', ' ');
  const address = hostPort(host.address, host.port);
  return host.name === '' ? `the ${role} ${address}` : `the ${role} ${host.name} (${address})`;
}

/** The host is known to pass connections on. */
export function forwards(host: HostFacts): boolean {
  return host.role === 'load-balancer' || host.role === 'proxy';
}

/** `10.0.0.5:443`, `[2001:db8::1]:443`. */
export function hostPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** A URL of the server for curl: https where TLS was spoken or is usual. */
export function urlOf(facts: ConnectionFacts): string {
  const { address, port } = facts.server;
  const scheme = facts.app.isTls || port === 443 || port === 8443 ? 'https' : 'http';
  return `${scheme}://${hostPort(address, port)}/`;
}

/** A duration in words: `60 s idle` reads better than 60001.2. */
export function lasting(durationMs: number | null): string {
  return durationMs === null ? 'an unknown time' : ms(durationMs);
}

/** The socket as the sender's host sees it, while the fault lasts. */
export function socketsOn(facts: ConnectionFacts, side: Side): Remedy {
  const { server } = facts;
  const filter = side === 'server' ? `'( sport = :${server.port} )'` : `'( dport = :${server.port} )'`;
  return {
    text: `On ${facts[side].address}: the sockets of this port, their states and owners`,
    command: `ss -tanpoi ${filter}`,
    why: 'Recv-Q of a live socket is data that its application has not read; timers and states show what the kernel still knows.',
  };
}

/** Counters that tell the kernel's own reason on the sender's host. */
export function abortCounters(facts: ConnectionFacts, side: Side): Remedy {
  return {
    text: `On ${facts[side].address}: which abort counter grows while it happens`,
    command:
      'nstat -az TcpOutRsts TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnMemory TcpExtTCPAbortOnTimeout',
    why: 'TCPAbortOnClose is a close with unread data, TCPAbortOnData is SO_LINGER 0, TCPAbortOnMemory is a lack of memory or too many orphans.',
  };
}

/** What the process did, system call by system call. */
export function traceProcess(facts: ConnectionFacts, side: Side): Remedy {
  return {
    text: `On ${facts[side].address}: the system calls of the process that owns the socket`,
    command: straceOf('"$(pgrep -d, -f NAME)"'),
    why: 'It shows whether the process set SO_LINGER, closed without reading, or never saw the connection; firsthand read --strace strace.txt reads it beside the capture. strace slows the process down: one instance of many, for a minute.',
  };
}

/** What the host's services logged in the minute before and after the end. */
export function serviceJournal(facts: ConnectionFacts, side: Side): Remedy {
  const end = facts.baseSeconds + facts.lastNs / 1e9;
  return {
    text: `On ${facts[side].address}: restarts, crashes and out-of-memory kills around that second`,
    command: `journalctl --since "${utc(end - 60)}" --until "${utc(end + 60)}" -g 'killed|oom|segfault|stopp|start|exited'`,
    why: 'Only the host knows whether the process ended by itself, was stopped or was killed.',
  };
}

/** `2026-11-20 10:00:01 UTC`, as journalctl reads it. */
function utc(seconds: number): string {
  const date = new Date(Math.max(0, Math.min(seconds, 253_402_300_799)) * 1000);
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
