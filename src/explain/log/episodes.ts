/** Lines of the same wording and peer in close succession, as one entry of a timeline. */
import type { Pattern } from '../define.ts';
import type { Episode, Nearby } from './define.ts';
import type { Peer, Token } from './facts.ts';
import { keep } from './keep.ts';
import { toIso } from './rate.ts';
import { toEnding } from './words.ts';

/** A pause this long ends an episode. */
const PAUSE_MS = 2000;
const MAX_EPISODES = 4096;
const MAX_ADDRESSES = 8;

interface Open {
  readonly pattern: Pattern;
  readonly peer: string;
  fromMs: number;
  toMs: number;
  readonly line: number;
  count: number;
  readonly addresses: string[];
}

export interface Episodes {
  add(pattern: Pattern, peer: Peer, tokens: readonly Token[], ms: number, line: number): void;
  end(): Episode[];
  /** True when lines came that would have begun one more than are kept. */
  isFull(): boolean;
}

/** Collects up to 4096 episodes. */
export function createEpisodes(): Episodes {
  const latest = new Map<string, Open>();
  const all: Open[] = [];
  let full = false;
  return {
    add(pattern, peer, tokens, ms, line) {
      const key = `${pattern.id} ${peer.address}`;
      let episode = latest.get(key);
      if (!episode || ms > episode.toMs + PAUSE_MS || ms < episode.fromMs - PAUSE_MS) {
        if (all.length >= MAX_EPISODES) {
          full = true;
          return;
        }
        episode = { pattern, peer: keep(peer.address, 120), fromMs: ms, toMs: ms, line, count: 0, addresses: [] };
        all.push(episode);
        latest.set(keep(key, 240), episode);
      }
      episode.count++;
      episode.fromMs = Math.min(episode.fromMs, ms);
      episode.toMs = Math.max(episode.toMs, ms);
      addAddresses(episode.addresses, tokens);
    },
    end: () => all.map(closeEpisode),
    isFull: () => full,
  };
}

/** A line about the life of a process, as an entry of the timeline; none without a time. */
export function toEpisode({ input, kind, seen, text }: Nearby): Episode[] {
  if (seen.at === null) return [];
  return [{ input, from: seen.at, to: seen.at, line: seen.line, count: 1, what: kind, text, addresses: [] }];
}

/** With its port an address names a hop, or one connection; loopback without a port names nothing. */
function addAddresses(addresses: string[], tokens: readonly Token[]): void {
  for (const { address, port } of tokens) {
    if (addresses.length >= MAX_ADDRESSES) return;
    const names = port === 0 ? [address] : [address, `${address}:${port}`];
    for (const name of names) {
      if (addresses.length < MAX_ADDRESSES && !isLoopback(name) && !addresses.includes(name))
        addresses.push(keep(name, 80));
    }
  }
}

function isLoopback(name: string): boolean {
  return name === '::1' || /^127\.[\d.]+$/.test(name) || name === '0.0.0.0';
}

function closeEpisode({ pattern, peer, fromMs, toMs, line, count, addresses }: Open): Episode {
  const text = `${pattern.program}: ${toEnding(pattern.condition, pattern.id)}${peer === '' ? '' : `, ${peer}`}`;
  return { input: 0, from: toIso(fromMs), to: toIso(toMs), line, count, what: pattern.id, text, addresses };
}
