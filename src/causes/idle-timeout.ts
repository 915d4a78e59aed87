import type { Evidence } from '../evidence/evidence.ts';
import { idlePeriod } from '../evidence/population.ts';
import type { CauseId } from '../terms/causes.ts';
import { unansweredProbes } from './dead-peer.ts';
import { NO, shown, type Cause, type Remedy, type ResetCase } from './define.ts';
import { idleSetting } from './settings.ts';
import { abortCounters, forwards, lasting, who } from './telling.ts';

/** Shorter silences happen inside exchanges. */
const QUIET_MS = 800;

/** What ends a quiet connection with the same RST, seen once. */
const SAME_BYTES: readonly CauseId[] = ['linger-zero', 'process-crash', 'killed'];

/** A hop that closes idle connections with a RST instead of a FIN. */
export const idleTimeout: Cause = {
  id: 'idle-timeout',
  title: 'the connection was idle for longer than a hop allows',
  mechanisms: ['active-abort'],
  who: 'a proxy, load balancer or server',
  requires: ['a RST without a trigger', 'quiet before it'],
  uses: ['the configuration of the hop', 'the same idle time on other connections'],
  docs: {
    what: 'A hop counts how long a connection carries no data and ends it when its limit is reached. Most close with a FIN; those that use SO_LINGER 0 or close with data unread send a RST. The RST comes out of silence: no packet provokes it.',
    why: 'Each hop on a path has a limit of its own, and the shortest one wins. When the side that opens connections believes that it may keep them longer than the side that accepts them, every pause of the right length ends in a reset.',
    tellApart: [
      {
        from: 'stale-reuse',
        how: 'there the idle connection was closed with a FIN and a later request met the closed socket; here the RST itself comes out of silence.',
      },
      {
        from: 'firewall-state-expiry',
        how: 'a firewall that forgot the connection answers the first packet after the quiet; it rarely sends anything by itself.',
      },
      { from: 'dead-peer', how: 'there unanswered keep-alive probes precede the RST.' },
    ],
    sources: [
      'nginx reset_timedout_connection',
      'HAProxy option nolinger',
      'Azure Load Balancer TCP reset on idle',
      'FortiGate timeout-send-rst',
    ],
  },
  tell(input) {
    const { facts } = input;
    const setting = idleSetting(facts[facts.sender].name, facts[facts.sender].role);
    const named = setting === null ? '' : `; the setting is ${setting.setting}`;
    return `${who(facts, facts.sender)} closed it with a RST after ${lasting(facts.idleMs)} idle${named}`;
  },
  judge(input) {
    const { facts, population } = input;
    const { idleMs, quietMs, sender } = facts;
    if (input.mechanism.mechanism !== 'active-abort' || idleMs === null || quietMs === null) return NO;
    if (quietMs < QUIET_MS || unansweredProbes(facts, sender) > 1) return NO;
    // Data that waits for its acknowledgement is no idle connection: its retransmission timer is running.
    if (facts.half[facts.receiver].finFrame > 0 || facts.unackedFromSender > 0) return NO;
    const evidence: Evidence[] = [
      shown(
        facts,
        'no-trigger',
        [facts.rst.packet.frame],
        `nothing passed for ${lasting(quietMs)} before the RST, no data for ${lasting(idleMs)}`,
      ),
    ];
    const period = idlePeriod(population, facts);
    if (period !== null) {
      evidence.push(
        shown(
          facts,
          'same-idle-time',
          [facts.rst.packet.frame],
          `${period.count} connections were reset after the same idle time: ${lasting(period.medianMs)}, spread ${lasting(period.spreadMs)}`,
        ),
      );
      return { outcome: 'fires', weight: 0.95, level: 'likely', evidence };
    }
    const round = isRound(idleMs);
    if (round) evidence.push(shown(facts, 'round-idle-time', [], `${lasting(idleMs)} is a usual idle limit`));
    const isHop = forwards(facts[sender]);
    const plainClient = sender === 'client' && !isHop;
    const weight =
      (round ? 0.7 : 0.5) + (isHop ? 0.2 : 0) - (facts.app.pending === true ? 0.2 : 0) - (plainClient ? 0.3 : 0);
    return {
      outcome: 'fires',
      weight,
      level: 'possible',
      ...(round && idleMs > 2000 ? {} : { twins: SAME_BYTES }),
      evidence,
      wouldTell:
        'whether it is a timeout: the same idle time on a second and third connection, or the idle setting of that hop.',
    };
  },
  remedies(input) {
    const { facts } = input;
    const setting = idleSetting(facts[facts.sender].name, facts[facts.sender].role);
    const remedies: Remedy[] = [
      {
        text: `Close first on the other side: let ${who(facts, facts.receiver)} retire idle connections before ${lasting(facts.idleMs)}, with a margin of a few seconds`,
        command: clientSetting(input),
        why: 'Only the side that will send the next request can close without a race; the idle limits along the path must grow towards the server.',
      },
      {
        text: `Or raise the limit on ${who(facts, facts.sender)}${setting === null ? '' : `: ${setting.setting} (default ${setting.default})`}`,
        ...(setting === null ? {} : { command: setting.example }),
        why: 'It must be longer than the longest pause of the clients that keep connections.',
      },
    ];
    return remedies;
  },
  confirm(input) {
    return [abortCounters(input.facts, input.facts.sender)];
  },
};

/** Idle limits that software ships with or people choose, seconds. */
const USUAL_LIMITS_S: readonly number[] = [
  1, 2, 3, 5, 10, 15, 20, 30, 45, 50, 60, 65, 75, 90, 100, 120, 150, 180, 240, 300, 350, 400, 600, 900, 1200, 1800,
  3600, 7200,
];

/** Within 2 % or 150 ms of a usual limit. */
function isRound(idleMs: number): boolean {
  return USUAL_LIMITS_S.some((s) => Math.abs(idleMs - s * 1000) <= Math.min(150, idleMs * 0.02 + 20));
}

function clientSetting(input: ResetCase): string {
  const limitMs = Math.max(500, Math.round(((input.facts.idleMs ?? 5000) * 0.8) / 100) * 100);
  return `new Agent({ keepAlive: true, timeout: ${limitMs} })   // Node; elsewhere the pool's idle timeout`;
}
