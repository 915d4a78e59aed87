/** Puts the story on an error: `error.firsthand`, and its lines at the end of `error.stack`, once. */
import { noteLocalPort } from './addresses.ts';
import { type ConnectionError, isTold, toFacts } from './facts.ts';
import { judge } from './judge.ts';
import type { Ledger } from './ledger.ts';
import { nextCommand } from './next-command.ts';
import type { Facts, FirsthandRecord } from './record.ts';
import { storyLines } from './story.ts';

interface Told {
  record: FirsthandRecord;
  readonly ledger: Ledger;
  /** What was added to the stack. */
  lines: string;
}

const told: WeakMap<object, Told> = new WeakMap();
const listeners: ((error: Error, record: FirsthandRecord) => void)[] = [];

/**
 * Tells the error's story, unless it is none of ours or already has one; returns whether it is this connection's own.
 * Never throws: the error may come from the program, with getters that do.
 */
export function annotate(error: unknown, ledger: Ledger, socket: object | null): boolean {
  try {
    if (!(error instanceof Error) || !isTold(error)) return false;
    const known = told.get(error);
    if (known !== undefined) return known.ledger === ledger;
    tell(error, ledger, socket);
    return true;
  } catch {
    return false;
  }
}

function tell(error: ConnectionError, ledger: Ledger, socket: object | null): void {
  if (socket !== null) noteLocalPort(socket, ledger);
  const facts = toFacts(error, ledger, socket);
  if (socket !== null && isFromKernel(error, facts)) ledger.failure ??= { code: facts.code, syscall: facts.syscall };
  const record = ledger.failure === null ? toRecord(facts) : toRecord(toFacts(error, ledger, socket));
  const story: Told = { record, ledger, lines: '' };
  told.set(error, story);
  attach(error, record);
  story.lines = replaceInStack(error, '', record);
  annotateParts(error, record, ledger);
  for (const listener of listeners) listener(error, record);
}

/** Adds what was learned after the story: undici names the request that waited only once its connection is gone. */
export function amend(error: object, more: Pick<Facts, 'request'> & Partial<Facts>): void {
  const story = told.get(error);
  if (story === undefined || story.record.request !== null) return;
  const record = toRecord({ ...story.record, ...more });
  story.record = record;
  attach(error as Error, record);
  story.lines = replaceInStack(error as Error, story.lines, record);
}

/** Calls back for every error that got its story. */
export function onAnnotated(listener: (error: Error, record: FirsthandRecord) => void): void {
  listeners.push(listener);
}

/** The story of an error as it is now. */
export function recordOf(error: object): FirsthandRecord | undefined {
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
  const own = { value: record, configurable: true, enumerable: false, writable: false };
  // False for one that is frozen: it has its story through Error.prototype alone; see outer-errors.ts.
  Reflect.defineProperty(error, 'firsthand', own);
}

/** Puts the record's lines at the end of the stack, in the place of those that are there; returns what it put there. */
function replaceInStack(error: Error, before: string, record: FirsthandRecord): string {
  try {
    const { stack } = error;
    if (typeof stack !== 'string') return '';
    const rest = before !== '' && stack.endsWith(before) ? stack.slice(0, -before.length) : stack;
    const lines = `\n${storyLines(record).join('\n')}`;
    // False, where an assignment would throw, when the stack cannot be written.
    return Reflect.set(error, 'stack', rest + lines) ? lines : before;
  } catch {
    // An accessor of the program that throws.
    return before;
  }
}

/** The attempts inside an AggregateError of happy eyeballs get the record with their own address, without the lines. */
function annotateParts(error: Error, record: FirsthandRecord, ledger: Ledger): void {
  if (!(error instanceof AggregateError)) return;
  for (const part of error.errors as unknown[]) {
    if (!(part instanceof Error) || !isTold(part) || told.has(part)) continue;
    const { address, port } = part as ConnectionError;
    const peer = {
      host: record.peer.host,
      address: typeof address === 'string' ? address : record.peer.address,
      port: typeof port === 'number' ? port : record.peer.port,
    };
    const own = toRecord({ ...record, code: String((part as ConnectionError).code), message: part.message, peer });
    told.set(part, { record: own, ledger, lines: '' });
    attach(part, own);
  }
}
