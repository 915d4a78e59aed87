/** The next command for a cause, with the addresses filled in. Pure. */
import type { Facts, Judgement } from './record.ts';

/** One shell line; never more than one, whatever the addresses hold. */
export function nextCommand(facts: Facts, { cause }: Pick<Judgement, 'cause'>): string {
  const { port } = facts.peer;
  const host = plainHost(facts.peer.address ?? facts.peer.host);
  if (facts.endedHere || host === null || port === null) return `npx firsthand explain ${cause}`;
  const name = plainHost(facts.peer.host) ?? host;
  switch (cause) {
    case 'refused':
      return `ss -ltn 'sport = :${port}'   # on ${name}: no line means that nothing listens`;
    case 'connect-timeout':
      return `curl -v --connect-timeout 5 telnet://${bracketed(host)}:${port}   # and on ${name}: nstat -az TcpExtListenOverflows`;
    case 'protocol-mismatch':
      return `openssl s_client -connect ${bracketed(host)}:${port} -servername ${name}`;
    case 'retransmission-timeout':
      return `ss -tnoi dst ${bracketed(host)}   # timer: and retrans: of the connections that remain`;
    default:
      return `sudo tcpdump -ni any -w reset.pcap 'host ${host} and tcp port ${wirePort(facts, port)}' ; npx firsthand read reset.pcap`;
  }
}

/** The port that names the service: the peer's for a client, this process's own for a server. */
function wirePort({ side, localPort }: Facts, port: number): number {
  return side === 'server' && localPort !== null ? localPort : port;
}

/** Only letters that a shell and a filter take as they are: the name may come from a configuration or a URL. */
function plainHost(host: string | null): string | null {
  return host !== null && /^[a-z0-9:][a-z0-9_.:-]*$/i.test(host) ? host : null;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
