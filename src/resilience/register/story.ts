/** A record → the few lines that are added to the stack. Pure. */
import { seconds } from './judge.ts';
import type { FirsthandRecord } from './record.ts';

/** Three or four lines, indented as stack frames are, without control characters. */
export function storyLines(record: FirsthandRecord): readonly string[] {
  const others = record.group.slice(1);
  return [
    `    firsthand: ${record.cause} (${record.level}): ${record.title}`,
    `      ${connection(record)}`,
    `      why: ${record.why}${others.length === 0 ? '' : `; looks the same from here: ${others.join(', ')}`}`,
    `      retry: ${record.retry}; next: ${record.next}`,
  ].map(printable);
}

function connection(record: FirsthandRecord): string {
  const { request, peer, pipe } = record;
  const place = pipe ?? `${bracketed(peer.address ?? peer.host ?? 'unknown')}:${peer.port ?? '?'}`;
  const named = peer.host !== null && peer.address !== null && peer.host !== peer.address ? ` (${peer.host})` : '';
  const direction = record.side === 'client' ? 'to' : 'from';
  return [
    `${request === null ? 'connection' : `${request.method} ${request.path}`} ${direction} ${place}${named}`,
    ...(record.localPort === null ? [] : [`local port ${record.localPort}`]),
    ...(record.tls ? [record.tlsEstablished === false ? 'TLS not yet established' : 'TLS'] : []),
    ...age(record),
    `${record.bytesWritten} B sent and ${record.bytesRead} B read${request === null ? '' : ' for this request'}`,
    `last from the peer: ${LAST[record.lastFromPeer]}`,
  ].join(', ');
}

const LAST = { rst: 'reset', fin: 'FIN', data: 'data', nothing: 'nothing' } as const;

function age({ ageMs, idleMs, reused, servedBefore, sinceConnectMs }: FirsthandRecord): readonly string[] {
  if (ageMs === null) return sinceConnectMs === null ? [] : [`never connected, after ${seconds(sinceConnectMs)}`];
  if (!reused) return [`fresh connection, ${seconds(ageMs)} old`];
  const idle = idleMs === null ? '' : `, idle ${seconds(idleMs)} before`;
  return [`reused connection, ${seconds(ageMs)} old, ${servedBefore} served${idle}`];
}

/** Names and paths come from outside: a line stays one line, and no terminal sequence passes. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?').slice(0, MAX_LINE_CHARS);
}

const MAX_LINE_CHARS = 500;

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
