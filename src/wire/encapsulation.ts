/** The headers that stand between a captured frame and its innermost packet: a short list of numbers, and its name. */

/** Kinds of entries; the numbers are only used here and never leave a process. */
export const ENCAP_VLAN = 1;
export const ENCAP_VXLAN = 2;
export const ENCAP_GENEVE = 3;
/** GRE with a key, and without one. */
export const ENCAP_GRE_KEY = 4;
export const ENCAP_GRE = 5;
export const ENCAP_PPTP = 6;
export const ENCAP_ERSPAN = 7;
export const ENCAP_IP = 8;
export const ENCAP_MPLS = 9;
export const ENCAP_GTP = 10;
export const ENCAP_L2TP = 11;
export const ENCAP_TEREDO = 12;
export const ENCAP_ETHERIP = 13;
export const ENCAP_AYIYA = 14;
/** Outer IPv6 addresses instead of IPv4, for kinds that have no number of their own. */
export const ENCAP_OVER_IPV6 = 0x100;

/** Deepest nesting that is followed, VLAN tags included. */
export const MAX_ENCAPSULATIONS = 16;
/** Numbers an entry: its kind and two that tell it from others of the kind. */
export const ENTRY_WORDS = 3;

/** The part of `Layers` that records the way in. */
export interface Way {
  /** Entries in `stack`, outermost first. */
  tunnel: number;
  readonly stack: Uint32Array;
  version: number;
  src: number;
  dst: number;
}

export function newStack(): Uint32Array {
  return new Uint32Array(MAX_ENCAPSULATIONS * ENTRY_WORDS);
}

/** Records one header; false when the nesting is too deep to go on. */
export function enter(way: Way, kind: number, a: number, b: number): boolean {
  if (way.tunnel >= MAX_ENCAPSULATIONS) return false;
  const at = way.tunnel++ * ENTRY_WORDS;
  way.stack[at] = kind;
  way.stack[at + 1] = a;
  way.stack[at + 2] = b;
  return true;
}

/** Records a tunnel without a number of its own: the pair of outer addresses tells it from others, whatever the direction. */
export function enterByAddresses(way: Way, view: DataView, kind: number): boolean {
  const src = word(view, way.src, way.version);
  const dst = word(view, way.dst, way.version);
  const overIpv6 = way.version === 6 ? ENCAP_OVER_IPV6 : 0;
  return enter(way, kind | overIpv6, Math.min(src, dst), Math.max(src, dst));
}

/** The readable name of the first `count` entries, such as `vlan 7, vxlan 42`; empty when there are none. */
export function encapsulationName(stack: Uint32Array, count: number): string {
  const names: string[] = [];
  for (let i = 0; i < count; i++) {
    const at = i * ENTRY_WORDS;
    names.push(entryName(stack[at]!, stack[at + 1]!, stack[at + 2]!));
  }
  return names.join(', ');
}

function word(view: DataView, offset: number, version: number): number {
  if (version === 4) return view.getUint32(offset);
  // Folded: the number only has to differ between tunnels, the name leaves it out.
  let folded = 0;
  for (let i = 0; i < 16; i += 4) folded = Math.imul(folded, 31) ^ view.getUint32(offset + i);
  return folded >>> 0;
}

function entryName(kind: number, a: number, b: number): string {
  const name = NAMES[kind & 0xff] ?? 'tunnel';
  switch (kind) {
    case ENCAP_VLAN:
    case ENCAP_VXLAN:
    case ENCAP_GENEVE:
    case ENCAP_ERSPAN:
    case ENCAP_MPLS:
      return `${name} ${a}`;
    case ENCAP_GRE_KEY:
      return `gre key ${a}`;
    case ENCAP_GTP:
      return `gtp teid ${a}`;
    case ENCAP_L2TP:
      return `l2tp ${a}/${b}`;
    case ENCAP_TEREDO:
      return name;
    default:
      return kind & ENCAP_OVER_IPV6 ? `${name} over IPv6` : `${name} ${dotted(a)}-${dotted(b)}`;
  }
}

const NAMES: Readonly<Record<number, string>> = {
  [ENCAP_VLAN]: 'vlan',
  [ENCAP_VXLAN]: 'vxlan',
  [ENCAP_GENEVE]: 'geneve',
  [ENCAP_GRE]: 'gre',
  [ENCAP_PPTP]: 'pptp',
  [ENCAP_ERSPAN]: 'erspan',
  [ENCAP_IP]: 'ip in ip',
  [ENCAP_MPLS]: 'mpls',
  [ENCAP_TEREDO]: 'teredo',
  [ENCAP_ETHERIP]: 'etherip',
  [ENCAP_AYIYA]: 'ayiya',
};

function dotted(address: number): string {
  return [address >>> 24, (address >>> 16) & 0xff, (address >>> 8) & 0xff, address & 0xff].join('.');
}
