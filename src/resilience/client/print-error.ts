/** A ConnectionError as text in the form of `firsthand explain`. Pure. */
import type { Phase } from '../../terms/phases.ts';
import type { Attempt } from './attempt.ts';
import type { ConnectionError } from './connection-error.ts';
import { ERROR_CODES } from './error-codes.ts';

const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  connect: 'while connecting',
  handshake: 'during the handshake',
  request: 'while the request was sent',
  response: 'while the answer was awaited',
  idle: 'while idle',
  closing: 'while closing',
  closed: 'after the close',
  unknown: 'in a phase that is not known',
};

const MAX_ROWS = 12;

/** What happened, in which phase, executed or not, the attempts, what would make it safe, the next command. */
export function printConnectionError(error: ConnectionError): string {
  const last = error.attempts.at(-1);
  const lines = [
    `ConnectionError: ${error.message}`,
    `    ${error.code}: ${ERROR_CODES[error.code]?.meaning ?? ''}`,
    '',
    ...field('what', `${error.operation}: ${last?.error === undefined ? error.message : failure(last.error)}`),
    ...(last === undefined ? [] : field('phase', phaseWords(last))),
    ...field('executed', executed(error)),
    ...table(error.attempts),
    ...field('retry', `${error.retry}; ${error.remedy}`),
    ...field('next', nextCommand(last)),
  ];
  return lines.map(printable).join('\n');
}

function phaseWords({ phase, status }: Attempt): string {
  return phase === 'response' && status !== undefined ? 'while the answer arrived' : PHASE_WORDS[phase];
}

function executed({ execution, attempts }: ConnectionError): string {
  if (execution === 'not-executed') return 'no: no attempt reached the program on the server';
  const cut = attempts.find(({ status, error }) => status !== undefined && error !== undefined);
  if (cut === undefined) return 'perhaps: ask the server';
  return `the server answered with status ${cut.status}, and the answer was cut short`;
}

function field(label: string, text: string): string[] {
  return [`    ${label.padEnd(10)}${text}`];
}

function table(attempts: readonly Attempt[]): string[] {
  const head = ['', 'phase', 'sent', 'connection', 'ended with'];
  const shown = attempts.length <= MAX_ROWS ? attempts : [...attempts.slice(0, 3), ...attempts.slice(3 - MAX_ROWS)];
  const rows = [head, ...shown.map(toCells)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  const left = attempts.length - shown.length;
  return lines
    .map((line, at) => `    ${at === 0 ? 'attempts  ' : ' '.repeat(10)}${line}`.trimEnd())
    .concat(left > 0 ? [`${' '.repeat(14)}and ${left} more`] : []);
}

function toCells({ n, phase, sent, reused, idleMs, status, error }: Attempt): string[] {
  const connection = reused ? `reused, idle ${Math.round(idleMs)} ms` : phase === 'connect' ? '-' : 'fresh';
  return [String(n), phase, sent, connection, error === undefined ? `status ${status ?? '-'}` : failure(error)];
}

function failure(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === '' || error.message.includes(code)) return error.message || error.name;
  return `${error.message} (${code})`.trimStart();
}

/** A reset is best settled by a capture; any other error by its explanation. */
function nextCommand(last: Attempt | undefined): string {
  const host = last?.attributes['server.address'];
  const port = last?.attributes['server.port'];
  const code = last?.error !== undefined && 'code' in last.error ? String(last.error.code) : '';
  // Only letters that a shell takes as they are: the name may come from a URL.
  const plain = typeof host === 'string' && /^[a-z0-9:][a-z0-9_.:-]*$/i.test(host) && typeof port === 'number';
  if (plain && code === 'ECONNREFUSED') return `ss -ltn 'sport = :${port}'   # on ${host}: no line, nothing listens`;
  if (plain && (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE'))
    return `sudo tcpdump -ni any -w reset.pcap 'host ${host} and tcp port ${port}' ; npx firsthand read reset.pcap`;
  return /^[A-Z][A-Z0-9_]+$/.test(code) ? `npx firsthand explain ${code}` : 'npx firsthand explain < the log';
}

/** Names and paths come from outside: a line stays one line, and no terminal sequence passes. */
function printable(line: string): string {
  // oxlint-disable-next-line no-control-regex
  return line.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?').slice(0, 500);
}
