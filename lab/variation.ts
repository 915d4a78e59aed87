/** What must not matter to a verdict, drawn from a seed: addresses, ports, delays, options of TCP, how the capture was taken. */
import type { Scenario, Varied } from './scenario.ts';

export interface Variation {
  /** IP version of the scenario's connections. */
  readonly family: 4 | 6;
  /** The server's address in a loopback scenario. */
  readonly loopback: string;
  /** Prefixes of the two networks; the router is host 1 of each, client and server are host 2. */
  readonly networks: { readonly client: string; readonly server: string };
  /** The scenario's ports; null for any that are free. */
  readonly ports: readonly number[] | null;
  /** One-way delays of the two cables, in milliseconds. */
  readonly delaysMs: { readonly client: number; readonly server: number };
  /** Percentage of the segments with data that are lost on each cable. */
  readonly lossPercent: number;
  /** TTL or hop limit with which each host sends. */
  readonly hopLimits: { readonly client: number; readonly router: number; readonly server: number };
  /** TCP timestamps (RFC 7323). */
  readonly timestamps: boolean;
  /** Segmentation and checksums left to the cards: segments larger than the MTU, unfinished checksums. */
  readonly offloads: boolean;
  /** Bytes of padding in requests and responses of an exchange. */
  readonly paddingBytes: number;
  /** Bytes kept of every packet. */
  readonly snapBytes: number;
}

/** The setting of the captures in test/captures. */
export const PLAIN: Variation = {
  family: 4,
  loopback: '127.0.0.1',
  networks: { client: '10.77.1.', server: '10.77.2.' },
  ports: null,
  delaysMs: { client: 3, server: 2 },
  lossPercent: 0,
  hopLimits: { client: 64, router: 64, server: 64 },
  timestamps: true,
  offloads: false,
  paddingBytes: 0,
  snapBytes: 256,
};

const LOSS_PERCENT = [0, 0, 2, 10] as const;
const HOP_LIMITS = [64, 64, 128, 255] as const;
const SNAP_BYTES = [96, 128, 256, 262_144] as const;
const PADDING_BYTES = [0, 40, 900, 5000] as const;
/** Ports on which plain HTTP is at home. */
const SERVICE_PORTS = [80, 3000, 5000, 8000, 8080, 9000] as const;
const V4_NETWORKS = ['10.', '172.16.', '192.168.', '100.64.', '198.18.'] as const;
const V6_NETWORKS = ['fd4c:1::', '2001:db8:77::'] as const;

/** The variation of a scenario under a seed; what the scenario fixes stays plain, and draws nothing away from the rest. */
export function drawVariation(seed: number, scenario: Pick<Scenario, 'id' | 'ports' | 'fixed'>): Variation {
  const random = randomFrom(`${seed} ${scenario.id}`);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)]!;
  const v6 = random() < 0.4 && !scenario.fixed?.includes('family');
  const v4Prefix = (third: number): string => {
    const start = pick(V4_NETWORKS);
    return start.split('.').length === 2 ? `${start}${below(256)}.${third}.` : `${start}${third}.`;
  };
  const v6Prefix = (third: number): string => pick(V6_NETWORKS).replace('::', `:${third}::`);
  const networks4 = { client: v4Prefix(11), server: v4Prefix(22) };
  const networks6 = { client: v6Prefix(11), server: v6Prefix(22) };
  const loopback4 = random() < 0.5 ? '127.0.0.1' : `127.${below(256)}.${below(256)}.${1 + below(254)}`;
  const drawn: Variation = {
    family: v6 ? 6 : 4,
    loopback: v6 ? '::1' : loopback4,
    networks: v6 ? networks6 : networks4,
    ports: drawPorts(scenario.ports ?? 1, random),
    delaysMs: { client: 1 + below(40), server: 1 + below(40) },
    lossPercent: pick(LOSS_PERCENT),
    hopLimits: { client: pick(HOP_LIMITS), router: pick(HOP_LIMITS), server: pick(HOP_LIMITS) },
    timestamps: random() < 0.7,
    offloads: random() < 0.4,
    paddingBytes: pick(PADDING_BYTES),
    snapBytes: pick(SNAP_BYTES),
  };
  return { ...drawn, ...kept(scenario.fixed ?? []) };
}

/** Numbers from 0 up to 1 that depend on the text alone (mulberry32 over an FNV-1a hash). */
export function randomFrom(text: string): () => number {
  let state = 0x811c9dc5;
  for (const char of text) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function drawPorts(count: number, random: () => number): number[] {
  const ports = new Set<number>();
  if (random() < 0.5) ports.add(SERVICE_PORTS[Math.floor(random() * SERVICE_PORTS.length)]!);
  // Below the ephemeral range: no client picks one of them by chance.
  while (ports.size < count) ports.add(12_000 + Math.floor(random() * 20_000));
  return [...ports];
}

/** What each thing that a scenario can fix is called here; the family is fixed by its own draw. */
const FIELDS: Readonly<Record<Exclude<Varied, 'family'>, keyof Variation>> = {
  delay: 'delaysMs',
  loss: 'lossPercent',
  ttl: 'hopLimits',
  timestamps: 'timestamps',
  offloads: 'offloads',
  payload: 'paddingBytes',
  snap: 'snapBytes',
};

function kept(fixed: readonly Varied[]): Partial<Variation> {
  const fields = fixed.filter((what) => what !== 'family').map((what) => FIELDS[what]);
  return Object.fromEntries(fields.map((field) => [field, PLAIN[field]]));
}
