/**
 * Which host is what in the request path: what the user says first, then what HTTP headers say, then the direction
 * of the SYN. Names come from the same sources and from a hosts file.
 */
import type { Role, Side } from '../terms/actors.ts';
import { formatAddress, inCidr, parseAddress, parseCidr, type Cidr } from '../wire/address.ts';
import type { Hosts } from '../flow/hosts.ts';
import type { Exchange } from '../flow/exchange.ts';
import type { ConnectionFacts, HostFacts } from './facts.ts';

/** One `--role ADDR|CIDR=ROLE[:NAME]`. */
export interface RoleHint {
  /** An address or a prefix, such as 10.0.0.0/8. */
  readonly cidr: string;
  readonly role: Role;
  readonly name?: string;
}

export interface RoleBook {
  readonly hints: readonly { readonly cidr: Cidr; readonly hint: RoleHint }[];
  /** Names by address text, from a hosts file. */
  readonly names: ReadonlyMap<string, string>;
  /** What headers said: of listeners by `host:port`, of hosts that connect by `host:`. */
  readonly heard: Map<string, { role: Role; name: string }>;
}

/** Throws a RangeError naming the first hint whose address cannot be read. */
export function createRoleBook(hints: readonly RoleHint[], names: ReadonlyMap<string, string>): RoleBook {
  return {
    hints: hints.map((hint) => {
      const cidr = parseCidr(hint.cidr);
      if (cidr === undefined) throw new RangeError(`not an address or prefix: ${hint.cidr}`);
      return { cidr, hint };
    }),
    names: new Map([...names].map(([address, name]) => [canonical(address), name])),
    heard: new Map(),
  };
}

/** Learns from HTTP headers: `Server` names the answering host, `Via` and `X-Forwarded-For` betray a proxy. */
export function learnRoles(
  book: RoleBook,
  exchange: Exchange,
  endOf: (side: number) => { readonly host: number; readonly port: number },
): void {
  const { request, response } = exchange;
  if (response !== null && (response.product !== '' || response.via !== '')) {
    const name = productName(response.product);
    const { host, port } = endOf(response.side);
    learn(book, `${host}:${port}`, response.via !== '' ? 'proxy' : 'server', name);
  }
  if (request !== null && request.via !== '') learn(book, `${endOf(request.side).host}:`, 'proxy', '');
}

/** The facts of the host at one end of a connection. Where both ends are one host, its role is that of the listener. */
export function hostFacts(
  book: RoleBook,
  hosts: Hosts,
  host: number,
  port: number,
  side: Side,
  sameHost: boolean = false,
): HostFacts {
  const bytes = hosts.bytes.subarray(host * 16, host * 16 + (hosts.family[host] === 4 ? 4 : 16));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const address = formatAddress(view, 0, hosts.family[host]!);
  const hinted = sameHost && side === 'client' ? undefined : book.hints.find(({ cidr }) => inCidr(bytes, cidr))?.hint;
  const heard = book.heard.get(side === 'server' ? `${host}:${port}` : `${host}:`);
  const name = hinted?.name ?? book.names.get(address) ?? heard?.name ?? '';
  if (hinted !== undefined) return { address, port, host, role: hinted.role, roleFrom: 'hint', name };
  if (heard?.role === 'proxy') return { address, port, host, role: 'proxy', roleFrom: 'header', name };
  return { address, port, host, role: side, roleFrom: 'direction', name };
}

/** Tells the facts what is known of their hosts by now. */
export function nameHosts({ client, server }: ConnectionFacts, book: RoleBook, hosts: Hosts): void {
  const same = client.host === server.host;
  Object.assign(client, hostFacts(book, hosts, client.host, client.port, 'client', same));
  Object.assign(server, hostFacts(book, hosts, server.host, server.port, 'server', same));
}

function learn(book: RoleBook, key: string, role: Role, name: string): void {
  const before = book.heard.get(key);
  book.heard.set(key, {
    role: before?.role === 'proxy' ? 'proxy' : role,
    name: name === '' ? (before?.name ?? '') : name,
  });
}

/** `nginx/1.22.1` → `nginx`. Only a plain product token may become a name: the header comes from a stranger. */
function productName(product: string): string {
  const token = /^[A-Za-z][A-Za-z0-9._-]{1,30}/.exec(product);
  return token === null ? '' : token[0].toLowerCase();
}

function canonical(address: string): string {
  const bytes = parseAddress(address);
  if (bytes === undefined) return address;
  return formatAddress(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length === 4 ? 4 : 6);
}
