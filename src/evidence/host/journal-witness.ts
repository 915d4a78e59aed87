/** What the journal says of a reset: how the process that owned the socket ended. */
import type { Evidence } from '../evidence.ts';
import type { Journal, JournalEvent } from './journal.ts';
import { resolveTime } from './log-time.ts';
import { hostEvidence, type Ends } from './reset-ends.ts';
import type { Death, Source, Testimony } from './witness.ts';

export interface JournalTestimony extends Testimony {
  readonly death: Death | null;
}

export interface JournalWitness {
  of(ends: Ends, known: Known): JournalTestimony;
}

/** What other sources say of the sender's process. */
export interface Known {
  readonly pids: ReadonlySet<number | undefined>;
  readonly commands: readonly (string | undefined)[];
  readonly death: Death | null;
}

/** The plain formats cut the time to a second. */
const TOLERANCE = 1.5;
const GRACE_SECONDS = 120;
const MOST_SHOWN = 3;

export function createJournalWitness({ file, log }: Source<Journal>, zoneMin: number): JournalWitness {
  return {
    of(ends, { pids, commands, death }) {
      const off = ({ time }: JournalEvent): number => resolveTime(time, ends.at, zoneMin) - ends.at;
      const near = log.events.filter((event) => Math.abs(off(event)) <= TOLERANCE);
      const say = (fact: string, event: JournalEvent): Evidence =>
        hostEvidence(ends, fact, file, event.line, `at that second: “${event.text}”`);
      const own = near.find(({ kind, pid }) => (kind === 'oom' || kind === 'fault') && pid > 0 && pids.has(pid));
      if (own !== undefined) {
        const how = own.kind === 'oom' ? 'memory' : 'fault';
        return {
          death: { pid: own.pid, how, asked: death?.asked ?? null, sure: true },
          evidence: [say('process-killed', own)],
          doubts: [],
        };
      }
      const unitExits = near.filter(({ kind }) => kind === 'unit-exit');
      const exit = unitExits.length === 1 ? unitExits[0]! : undefined;
      if (death !== null && exit !== undefined) {
        const stop = log.events.findLast(
          (event) =>
            event.kind === 'stopping' &&
            event.unit === exit.unit &&
            off(event) <= off(exit) &&
            off(exit) - off(event) < GRACE_SECONDS,
        );
        const asked = stop === undefined ? death.asked : `systemd (${file}:${stop.line})`;
        const evidence = [say('unit-exited', exit), ...(stop === undefined ? [] : [say('unit-stopping', stop)])];
        const how = exit.code === 'exited' ? 'status' : 'fault';
        const sure = death.sure && commands.includes(exit.unit.replace(/(?:@.*)?\.service$/, ''));
        return {
          death: { pid: death.pid, how: death.how === 'unknown' ? how : death.how, asked, sure },
          evidence,
          doubts: [],
        };
      }
      const shown = near.slice(0, MOST_SHOWN).map((event) => say('host-event', event));
      const doubts =
        shown.length === 0
          ? []
          : [
              `Whether ${file} speaks of the process behind ${ends.sender}: ss -tanp from before the reset, or strace, would tie its pid to the connection.`,
            ];
      return { death, evidence: shown, doubts };
    },
  };
}
