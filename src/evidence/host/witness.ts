/**
 * Host evidence beside a capture: what the kernel's trace, strace, ss and the journal say of one reset, joined by both
 * addresses and by time. A source that does not mention the reset says nothing of it.
 */
import type { Evidence } from '../evidence.ts';
import type { ResetFacts } from '../facts.ts';
import type { Journal } from './journal.ts';
import type { KernelTrace, Task } from './kernel-trace.ts';
import type { SocketTable } from './sockets.ts';
import type { Understood } from './source.ts';
import type { StraceLog } from './strace.ts';
import { createJournalWitness } from './journal-witness.ts';
import { createKernelWitness, type SentByKernel } from './kernel-witness.ts';
import { endsOf, isActiveForm, type Ends } from './reset-ends.ts';
import { createSocketsWitness } from './sockets-witness.ts';
import { createStraceWitness, type LetGo, type StraceTestimony } from './strace-witness.ts';

/** A parsed source with the name that evidence gives its file. */
export interface Source<T> {
  readonly file: string;
  readonly log: T;
}

export interface HostEvidence {
  readonly kernel?: Source<KernelTrace>;
  readonly strace?: Source<StraceLog>;
  readonly sockets?: Source<SocketTable>;
  readonly journal?: Source<Journal>;
  /** Minutes east of UTC of times that name no zone; default 0. */
  readonly zoneMin?: number;
}

/** How the process that owned the socket ended, at the moment of the reset. */
export interface Death {
  readonly pid: number;
  /** memory: out-of-memory kill; fault: a fault or a signal that nobody asks with; status: by itself; unknown: it ended. */
  readonly how: 'memory' | 'fault' | 'status' | 'unknown';
  /** Its end was asked for, in words; null when nothing says so. */
  readonly asked: string | null;
  /** False where only the time ties what is known of its end to this process. */
  readonly sure: boolean;
}

/** What the host says of one reset. */
export interface HostWitness {
  readonly sent: SentByKernel | null;
  readonly letGo: LetGo | null;
  readonly death: Death | null;
  /** The process behind the sender's end. */
  readonly process: Task | null;
  readonly evidence: readonly Evidence[];
  readonly doubts: readonly string[];
}

/** A part of a witness, as one source gives it. */
export interface Testimony {
  readonly evidence: readonly Evidence[];
  readonly doubts: readonly string[];
}

/** Gives each reset its witness, where a source says something of it; what the report should say of the sources. */
export function callWitnesses(host: HostEvidence, resets: readonly ResetFacts[]): readonly string[] {
  const ends = resets.map(endsOf);
  const zoneMin = host.zoneMin ?? 0;
  const kernel = host.kernel && createKernelWitness(host.kernel, ends);
  const strace = host.strace && createStraceWitness(host.strace, zoneMin);
  const sockets = host.sockets && createSocketsWitness(host.sockets);
  const journal = host.journal && createJournalWitness(host.journal, zoneMin);
  const witnessOf = (one: Ends): HostWitness | null => {
    const said = kernel?.of(one);
    const did = strace && sameProcess(strace.of(one), said?.sent ?? null);
    const had = sockets?.of(one);
    const death = did?.death ?? said?.death ?? null;
    const owners = new Set([said?.sent?.task?.pid, ...(did?.letGo?.pids ?? []), ...(had?.owners ?? [])]);
    const commands = [said?.sent?.task?.command, had?.process?.command];
    const ended = journal?.of(one, { pids: owners, commands, death });
    const parts = [said, did, had, ended].filter((part) => part !== undefined);
    const evidence = parts.flatMap((part) => part.evidence);
    const doubts = parts.flatMap((part) => part.doubts);
    if (evidence.length + doubts.length === 0) return null;
    return {
      sent: said?.sent ?? null,
      letGo: did?.letGo ?? null,
      death: ended?.death ?? death,
      process: isActiveForm(one.facts) ? processOf(said?.sent ?? null, did?.letGo ?? null, had?.process ?? null) : null,
      evidence,
      doubts,
    };
  };
  for (const one of ends) {
    const witness = witnessOf(one);
    if (witness !== null) one.facts.witness = witness;
  }
  return [...notesOf(host), ...(kernel?.notes() ?? []), ...(strace?.notes() ?? [])];
}

/** strace followed another process than the one that the kernel names, or one of another pid namespace: it is not used. */
function sameProcess(did: StraceTestimony, sent: SentByKernel | null): StraceTestimony {
  const task = sent?.task;
  if (!task || did.letGo === null || did.letGo.pids.has(task.pid)) return did;
  const doubt = `Whether strace shows the process that ended the connection: the kernel names ${task.command} (pid ${task.pid}), and strace another.`;
  return { ...did, letGo: null, death: null, doubts: [...did.doubts, doubt] };
}

/** An abort is caused by who runs when it is sent, by ss too; a name of strace's pid comes from ss. */
function processOf(sent: SentByKernel | null, letGo: LetGo | null, owner: Task | null): Task | null {
  if (sent !== null && sent.sure && sent.active && sent.task !== null) return sent.task;
  if (letGo !== null && owner !== null && !letGo.pids.has(owner.pid)) return null;
  return owner;
}

function notesOf({ kernel, strace, sockets, journal }: HostEvidence): string[] {
  const notes: string[] = [];
  for (const source of [kernel, strace, sockets, journal]) {
    if (source === undefined) continue;
    const { lines, understood, dropped }: Understood = source.log;
    notes.push(
      `${source.file}: ${understood} of ${lines} lines understood${dropped > 0 ? `, ${dropped} beyond the limit left out` : ''}`,
    );
  }
  if (kernel?.log.lossy === true)
    notes.push(`${kernel.file}: the kernel lost events of this trace; what it lacks says nothing`);
  return notes;
}
