/** Endpoints and senders by name. */
import { onOneHost } from '../causes/one-host.ts';
import type { Ink } from './ink.ts';
import { toDuration } from './words.ts';
import type { Connection, Endpoint, Reset, Sender, Silence } from './types.ts';

/** `10.0.0.5:443` or `[2001:db8::5]:443`. */
export function toSocket({ address, port }: { readonly address: string; readonly port: number }, ink: Ink): string {
  const safe = ink.safe(address);
  return safe.includes(':') ? `[${safe}]:${port}` : `${safe}:${port}`;
}

/** Both ends, client first, with the names that are known. */
export function toPair({ client, server }: Connection, ink: Ink): string {
  return `${toNamed(client, ink)} ${ink.glyphs.to} ${toNamed(server, ink)}`;
}

/** "by the server 10.0.0.5:443 (nginx)", or as much as can be said of a RST that merely bears that address. */
export function toSubject(reset: Authored, ink: Ink, where: string = ''): string {
  return toAuthor(reset, where === '' ? '' : ` ${where}`, toKnown(reset.sender, ink));
}

/** As {@link toSubject}, without address and name. */
export function toBriefSubject(reset: Authored): string {
  return toAuthor(reset, '', '');
}

type Authored = Pick<Reset, 'sender' | 'connection'>;

function toAuthor({ sender, connection }: Authored, place: string, known: string): string {
  if (sender.actor === 'middlebox') {
    const whom = onOneHost(connection) ? 'something else on the same host' : 'something in between';
    return `by ${whom}, in the name of the ${sender.side}${place}`;
  }
  return sender.actor === 'endpoint'
    ? `by the ${sender.side}${place}${known}`
    : `from the ${sender.side}'s address${place}${known}`;
}

/** True where the RST did not end the connection: its receiver ignored or challenged it. */
export function isIgnored({ rsts }: Reset): boolean {
  return rsts.length > 0 && !rsts.some(({ ended }) => ended);
}

/** True for a RST that found nothing to end: both sides had closed before. */
export function isAfterClose(reset: Reset): boolean {
  return isIgnored(reset) && reset.evidence.some(({ fact }) => fact === 'rst-after-close');
}

/** True for a RST that answered the SYN: refused is never called reset. */
export function isRefused({ mechanism, phase, sender }: Reset): boolean {
  return mechanism === 'syn-answer' || (phase === 'connect' && sender.side === 'server');
}

/** "after 60.0 s idle", "during the response": when in its life the connection ended. */
export function toMoment({ phase, cause, connection: { idleMs, quietMs } }: Reset | Silence): string {
  if (cause.id === 'stray') return '';
  const waited = idleMs !== null && idleMs >= 1000 ? `${toDuration(idleMs)} after the last data` : '';
  switch (phase) {
    case 'connect':
      return 'while connecting';
    case 'handshake':
      return 'right after the handshake';
    case 'request':
      return join('during the request', waited);
    case 'response':
      return join('while the response was due', waited);
    case 'idle':
      return `after ${toDuration(idleMs ?? quietMs ?? 0)} idle`;
    case 'closing':
      return 'while closing';
    case 'closed':
      return 'after the close';
    case 'unknown':
      return waited;
  }
}

function join(...parts: readonly string[]): string {
  return parts.filter(Boolean).join(', ');
}

function toNamed(endpoint: Endpoint, ink: Ink): string {
  return toSocket(endpoint, ink) + (endpoint.name ? ` (${ink.safe(endpoint.name)})` : '');
}

function toKnown({ role, side, name }: Sender, ink: Ink): string {
  const known = [role === side || role === 'unknown' ? '' : role, ink.safe(name ?? '')].filter(Boolean).join(' ');
  return known === '' ? '' : ` (${known})`;
}
