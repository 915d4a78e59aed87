/** Puts the story on an error: `error.firsthand`, and its lines at the end of `error.stack`, once. */
import { type ConnectionError, isTold, toFacts } from './facts.ts';
import { judge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { nextCommand } from './next-command.ts';
import type { Facts, FirsthandRecord } from './record.ts';
import { storyLines } from './story.ts';

interface Told {
  record: FirsthandRecord;
  /** What was added to the stack. */
  lines: string;
}

const told: WeakMap<Error, Told> = new WeakMap();
const listeners: ((error: Error, record: FirsthandRecord) => void)[] = [];

/** Tells the error's story, unless it is none of ours or already has one. */
export function annotate(error: ConnectionError, ledger: Ledger, socket: object | null): void {
  if (!isTold(error) || told.has(error) || !Object.isExtensible(error)) return;
  const facts = toFacts(error, ledger, socket);
  if (socket !== null && isFromKernel(error, facts)) ledger.failure ??= { code: facts.code, syscall: facts.syscall };
  const record = ledger.failure === null ? toRecord(facts) : toRecord(toFacts(error, ledger, socket));
  attach(error, record);
  told.set(error, { record, lines: appendToStack(error, record) });
  annotateParts(error, record);
  for (const listener of listeners) listener(error, record);
}

/** Adds what was learned after the story: undici names the request that waited only once its connection is gone. */
export function amend(error: Error, more: Pick<Facts, 'request'> & Partial<Facts>): void {
  const before = told.get(error);
  if (before === undefined || before.record.request !== null) return;
  const record = toRecord({ ...before.record, ...more });
  attach(error, record);
  if (before.lines !== '' && error.stack?.endsWith(before.lines))
    error.stack = error.stack.slice(0, -before.lines.length);
  told.set(error, { record, lines: appendToStack(error, record) });
}

/** Calls back for every error that got its story. */
export function onAnnotated(listener: (error: Error, record: FirsthandRecord) => void): void {
  listeners.push(listener);
}

/** The story of an error as it is now. */
export function recordOf(error: Error): FirsthandRecord | undefined {
  return told.get(error)?.record;
}

function toRecord(facts: Facts): FirsthandRecord {
  const judgement = judge(facts);
  const record = { ...facts, ...judgement, next: nextCommand(facts, judgement) };
  Object.freeze(record.peer);
  Object.freeze(record.request);
  Object.freeze(record.group);
  return Object.freeze(record);
}

/** An error with a syscall is the kernel's; the others Node or undici made up from a FIN. */
function isFromKernel(error: ConnectionError, facts: Facts): boolean {
  return typeof error.syscall === 'string' && facts.phase !== 'connect';
}

function attach(error: Error, record: FirsthandRecord): void {
  // Not enumerable: it would be printed beside the stack that already tells it, and be copied by spreads.
  Object.defineProperty(error, 'firsthand', { value: record, configurable: true, enumerable: false, writable: false });
}

function appendToStack(error: Error, record: FirsthandRecord): string {
  if (typeof error.stack !== 'string') return '';
  const lines = `\n${storyLines(record).join('\n')}`;
  error.stack += lines;
  return lines;
}

/** The attempts inside an AggregateError of happy eyeballs get the record with their own address, without the lines. */
function annotateParts(error: Error, record: FirsthandRecord): void {
  if (!(error instanceof AggregateError)) return;
  for (const part of error.errors as unknown[]) {
    if (!(part instanceof Error) || !isTold(part) || told.has(part) || !Object.isExtensible(part)) continue;
    const { address, port } = part as ConnectionError;
    const peer = {
      host: record.peer.host,
      address: typeof address === 'string' ? address : record.peer.address,
      port: typeof port === 'number' ? port : record.peer.port,
    };
    const own = toRecord({ ...record, code: String((part as ConnectionError).code), message: part.message, peer });
    attach(part, own);
    told.set(part, { record: own, lines: '' });
  }
}
