import type { ResetFacts } from '../evidence/facts.ts';
import type { Population } from '../evidence/population.ts';
import { NO, shown, type Cause, type Judgement, type ResetCase } from './define.ts';
import { forwards, hostPort, lasting, who } from './telling.ts';

const BEFORE_NS = 200e6;
/** Two capture points of one host may swap packets this close together. */
const AFTER_NS = 1e6;
/** Neighbours in time that are compared; a flood of resets must not cost the square of its size. */
const MAX_COMPARED = 64;

/** A proxy that ends one leg because the other was reset. */
export const relayed: Cause = {
  id: 'relayed',
  title: 'the proxy’s other connection was reset just before, and it passed that on',
  mechanisms: ['active-abort'],
  who: 'a proxy or load balancer',
  requires: ['a reset of another connection of the same host just before'],
  uses: ['equal byte counts on both legs', 'the role of the host'],
  docs: {
    what: 'A proxy has two connections for each of its clients. When the far one is reset in the middle of something, many proxies end the near one with a reset too, as a plain close would look like the regular end of the data.',
    why: 'The proxy did what it had to. The reset that needs a cause is the one on its other leg.',
    tellApart: [
      { from: 'policy-abort', how: 'there the proxy resets by itself: its other leg is sound, or was never opened.' },
      {
        from: 'drain-reset',
        how: 'there many sessions end at once, and those to the back ends are ended by the proxy.',
      },
    ],
    sources: ['RFC 9293 §3.5.3', 'RFC 9110 §3.7'],
  },
  tell(input) {
    const { facts } = input;
    const leg = otherLeg(input);
    if (leg === null) return `${who(facts, facts.sender)} passed on a reset of its other leg`;
    return `${who(facts, facts.sender)} passed on the reset that ${hostPort(leg.facts[facts.sender].address, leg.facts[facts.sender].port)} had sent on the other leg`;
  },
  judge(input): Judgement {
    const { facts } = input;
    const leg = otherLeg(input);
    if (leg === null) return NO;
    const gapMs = (facts.atNs - leg.facts.atNs) / 1e6;
    const frames = [leg.facts.rst.packet.frame, facts.rst.packet.frame];
    const far = leg.facts[facts.sender];
    const together = shown(
      facts,
      'reset-on-other-leg',
      frames,
      `${hostPort(far.address, far.port)} reset the other connection of ${facts[facts.sender].address} ${gapMs >= 0 ? `${lasting(gapMs)} before` : `within ${lasting(-gapMs)}`}`,
    );
    if (!leg.sameBytes) {
      return {
        outcome: 'fires',
        weight: 0.5,
        level: 'possible',
        evidence: [together],
        wouldTell:
          'whether the two connections belong together: the log of the proxy, or requests that can be recognised on both legs.',
      };
    }
    return {
      outcome: 'fires',
      weight: 0.85,
      level: 'likely',
      evidence: [
        together,
        shown(
          facts,
          'same-bytes',
          frames,
          `both legs had carried the same number of bytes: ${sharedBytes(facts, leg.facts)}`,
        ),
      ],
    };
  },
  remedies(input) {
    const { facts } = input;
    const leg = otherLeg(input)?.facts;
    const where =
      leg === undefined
        ? 'the other leg'
        : `${hostPort(leg.client.address, leg.client.port)} to ${hostPort(leg.server.address, leg.server.port)}, frame ${leg.rst.packet.frame}`;
    const remedies = [
      {
        text: `Find the cause of the reset on ${where}`,
        why: 'This one is its echo and ends with it.',
      },
    ];
    if (facts.sender === 'client') return remedies;
    return [
      ...remedies,
      {
        text: 'Let the proxy try another back end for requests that may be repeated',
        command: 'proxy_next_upstream error timeout;   # nginx; HAProxy: retry-on conn-failure empty-response',
        why: 'A request that got no byte of an answer can be sent elsewhere, and the client never learns of the reset.',
      },
    ];
  },
  confirm(input) {
    const leg = otherLeg(input)?.facts;
    const ports = [input.facts, ...(leg === undefined ? [] : [leg])].map((facts) => `tcp port ${facts.client.port}`);
    return [
      {
        text: 'Both legs side by side',
        command: `tcpdump -nr CAPTURE '${ports.join(' or ')}'`,
        why: 'On the far leg the reset comes first, and the requests of the near one can be followed through.',
      },
    ];
  },
};

interface Leg {
  readonly facts: ResetFacts;
  readonly sameBytes: boolean;
}

/** The reset on the other connection of the host that sent this one; the best match in bytes, then in time. */
function otherLeg({ facts, population, mechanism }: ResetCase): Leg | null {
  if (mechanism.mechanism !== 'active-abort') return null;
  const relay = facts[facts.sender];
  const near = resetsTowards(population, facts.sender, relay.host);
  const candidates = within(near, facts).filter((leg) => leg.row !== facts.row && areLegs(facts, leg));
  const same = candidates.findLast((leg) => sharedBytes(facts, leg) > 0);
  if (same !== undefined) return { facts: same, sameBytes: true };
  const last = candidates.at(-1);
  return last !== undefined && forwards(relay) ? { facts: last, sameBytes: false } : null;
}

/** Two legs of one proxy lead to different listeners and were open at the same time. */
function areLegs(a: ResetFacts, b: ResetFacts): boolean {
  const sameListener = a.server.host === b.server.host && a.server.port === b.server.port;
  return !sameListener && a.firstNs < b.atNs && b.firstNs < a.atNs;
}

/** Bytes that both legs carried in the same direction, 0 when the counts differ. */
function sharedBytes(a: ResetFacts, b: ResetFacts): number {
  if (a.bytes.client === b.bytes.client && a.bytes.client > 0) return a.bytes.client;
  return a.bytes.server === b.bytes.server ? a.bytes.server : 0;
}

type ByHost = ReadonlyMap<number, readonly ResetFacts[]>;
const byRelay = new WeakMap<Population, { readonly client: ByHost; readonly server: ByHost }>();

/** Resets of one side, received by `host`, in order of time. */
function resetsTowards(population: Population, sender: 'client' | 'server', host: number): readonly ResetFacts[] {
  let index = byRelay.get(population);
  if (index === undefined) {
    index = { client: received(population, 'client'), server: received(population, 'server') };
    byRelay.set(population, index);
  }
  return index[sender].get(host) ?? [];
}

function received(population: Population, sender: 'client' | 'server'): ByHost {
  const map = new Map<number, ResetFacts[]>();
  for (const facts of population.resets) {
    if (facts.sender !== sender) continue;
    const { host } = facts[facts.receiver];
    const list = map.get(host);
    if (list === undefined) map.set(host, [facts]);
    else list.push(facts);
  }
  for (const list of map.values()) list.sort((a, b) => a.atNs - b.atNs);
  return map;
}

function within(sorted: readonly ResetFacts[], facts: ResetFacts): readonly ResetFacts[] {
  const end = firstAfter(sorted, facts.atNs + AFTER_NS);
  const start = Math.max(firstAfter(sorted, facts.atNs - BEFORE_NS - 1), end - MAX_COMPARED);
  return sorted.slice(start, end);
}

/** Index of the first reset later than `ns`. */
function firstAfter(sorted: readonly ResetFacts[], ns: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]!.atNs <= ns) low = middle + 1;
    else high = middle;
  }
  return low;
}
