/** IP addresses: bytes to text (RFC 5952 for IPv6), and text or CIDR to bytes. */

/** The text of the address at `offset`; `version` 4 reads four bytes, 6 reads sixteen. */
export function formatAddress(view: DataView, offset: number, version: number): string {
  return version === 4 ? formatIpv4(view, offset) : formatIpv6(view, offset);
}

/** Dotted decimal of the four bytes at `offset`. */
export function formatIpv4(view: DataView, offset: number): string {
  return `${view.getUint8(offset)}.${view.getUint8(offset + 1)}.${view.getUint8(offset + 2)}.${view.getUint8(offset + 3)}`;
}

/** RFC 5952 text of the sixteen bytes at `offset`; IPv4-mapped addresses keep their dots (section 5). */
export function formatIpv6(view: DataView, offset: number): string {
  if (isIpv4Mapped(view, offset)) return `::ffff:${formatIpv4(view, offset + 12)}`;
  const groups: number[] = [];
  for (let index = 0; index < 8; index++) groups.push(view.getUint16(offset + index * 2));
  const [zerosAt, zeros] = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (zeros < 2) return hex.join(':');
  return `${hex.slice(0, zerosAt).join(':')}::${hex.slice(zerosAt + zeros).join(':')}`;
}

/** The 4 or 16 bytes of an address, or undefined when the text is none; zone ids and ports are not accepted. */
export function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/** An address and how many of its leading bits count. */
export interface Cidr {
  readonly bytes: Uint8Array;
  readonly prefixLen: number;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address; undefined when the text is neither. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const bytes = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (bytes === undefined) return undefined;
  if (slash < 0) return { bytes, prefixLen: bytes.length * 8 };
  const prefix = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bytes.length * 8) return undefined;
  return { bytes, prefixLen: Number(prefix) };
}

/** True when the address lies in the network; an IPv4 address never lies in an IPv6 one. */
export function inCidr(address: Uint8Array, cidr: Cidr): boolean {
  if (address.length !== cidr.bytes.length) return false;
  const whole = cidr.prefixLen >> 3;
  for (let index = 0; index < whole; index++) if (address[index] !== cidr.bytes[index]) return false;
  const rest = cidr.prefixLen & 7;
  if (rest === 0) return true;
  return ((address[whole] ?? 0) ^ (cidr.bytes[whole] ?? 0)) >> (8 - rest) === 0;
}

function isIpv4Mapped(view: DataView, offset: number): boolean {
  return view.getUint32(offset) === 0 && view.getUint32(offset + 4) === 0 && view.getUint32(offset + 8) === 0xffff;
}

/** The first longest run of zero groups: its index and its length. */
function longestZeros(groups: readonly number[]): [at: number, length: number] {
  let bestAt = 0;
  let best = 0;
  let run = 0;
  for (let index = 0; index < groups.length; index++) {
    run = groups[index] === 0 ? run + 1 : 0;
    if (run > best) {
      best = run;
      bestAt = index - run + 1;
    }
  }
  return [bestAt, best];
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    // No leading zeros: inet_aton would read them as octal (RFC 6943, section 3.1.1).
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes[index] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const length = head.length + tail.length;
  if (halves.length === 2 ? length > 14 : length !== 16) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** The bytes of colon-separated groups; only the last one may be a dotted IPv4 address. */
function parseGroups(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (/^[\da-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const dotted = mayEndDotted && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (dotted === undefined) return undefined;
    bytes.push(...dotted);
  }
  return bytes;
}
