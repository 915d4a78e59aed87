/**
 * Commands with the line's own addresses and time. What comes from a line is hostile: only what looks like an address,
 * a port or a name goes into a command; everything else leaves the placeholder in capitals.
 */
import type { Fields, Step } from './define.ts';
import type { Stamp } from './log/time.ts';

const SAFE_HOST = /^[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,252}[A-Za-z0-9])?$/;
const SAFE_PORT = /^\d{1,5}$/;
/** The journal is read from a little before: what broke is older than what complained. */
const BEFORE_MS = 120_000;
const RECENT = '10 min ago';

/** The steps, ready to paste where the line said enough. */
export function fillSteps(steps: readonly Step[], fields: Fields, time: Stamp | null): Step[] {
  const values = toValues(fields, time);
  return steps.map(({ text, command }) => ({
    text,
    command: command.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole),
  }));
}

function toValues(fields: Fields, time: Stamp | null): Readonly<Record<string, string>> {
  const host = toHost(fields.remote ?? fields.client);
  const port = toPort(fields.remotePort ?? (fields.remote === undefined ? fields.clientPort : undefined));
  const bracketed = host?.includes(':') ? `[${host}]` : host;
  const isName = host !== null && /[A-Za-z]/.test(host) && !host.includes(':');
  return {
    remote: host ?? 'PEER',
    port: port ?? 'PORT',
    peer: `${bracketed ?? 'PEER'}:${port ?? 'PORT'}`,
    time: time === null ? RECENT : toSince(time, BEFORE_MS),
    unit: 'SERVICE',
    url: `${port === '443' || port === '8443' ? 'https' : 'http'}://${bracketed ?? 'PEER'}${port === null || port === '80' || port === '443' ? '' : `:${port}`}/`,
    filter: ['tcp', host === null ? '' : `host ${host}`, port === null ? '' : `port ${port}`]
      .filter(Boolean)
      .join(' and '),
    // ss resolves no names in its filters.
    socket:
      host === null || isName
        ? port === null
          ? ''
          : `'dport = :${port}'`
        : `dst ${bracketed}${port === null ? '' : `:${port}`}`,
  };
}

function toHost(text: string | undefined): string | null {
  const bare = text?.replace(/^\[|\]$/g, '');
  return bare !== undefined && SAFE_HOST.test(bare) ? bare : null;
}

function toPort(text: string | undefined): string | null {
  return text !== undefined && SAFE_PORT.test(text) && Number(text) > 0 && Number(text) < 65_536 ? text : null;
}

/** As `journalctl --since` takes it; without a year only the time of day, which it takes for today. */
function toSince({ ms, hasZone, hasYear }: Stamp, beforeMs: number): string {
  const text = new Date(ms - beforeMs).toISOString();
  const clock = text.slice(11, 19);
  if (!hasYear) return clock;
  return `${text.slice(0, 10)} ${clock}${hasZone ? ' UTC' : ''}`;
}
