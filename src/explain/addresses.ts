/** Addresses and request of a recognised line, in the notations that programs share. */
import type { FieldName, Fields } from './define.ts';

const HOST = String.raw`\[?[A-Za-z0-9][A-Za-z0-9._:-]{0,251}[A-Za-z0-9]\]?`;

/** Tried in order; the first to give a field wins. Each is linear: no nested quantifiers, bounded classes. */
const EXPRESSIONS: readonly RegExp[] = [
  /\bclient: (?<client>[^\s,]+)/,
  /\[client (?<client>[\d.]+|[\da-fA-F:]+):(?<clientPort>\d+)\]/,
  /\bupstream: "(?<upstream>[^"]+)"/,
  /\brequest: "(?<request>[^"]*)"/,
  new RegExp(`(?<local>${HOST}):(?<localPort>\\d{1,5})->(?<remote>${HOST}):(?<remotePort>\\d{1,5})\\b`),
  new RegExp(`host='(?<remote>${HOST})', port=(?<remotePort>\\d{1,5})`),
  new RegExp(`"(?<remote>${HOST})"(?: \\([^)]*\\))?, port (?<remotePort>\\d{1,5})`),
  new RegExp(`\\bpeeraddr=(?<remote>${HOST}):(?<remotePort>\\d{1,5})\\b`),
  new RegExp(
    `\\b(?:https?|wss?|redis|amqps?|postgres(?:ql)?|mysql|mongodb)://(?:[^@/\\s"']{1,200}@)?(?<remote>[A-Za-z0-9][A-Za-z0-9.-]*)(?::(?<remotePort>\\d{1,5}))?`,
  ),
  /\baddress: '(?<remote>[^']+)'/,
  /\bport: (?<remotePort>\d{1,5})\b/,
  /\b(?<remote>(?:\d{1,3}\.){3}\d{1,3}):(?<remotePort>\d{1,5})\b/,
];

const URL_PARTS = /^(?<scheme>[a-z]+):\/\/(?<remote>\[[^\]]+\]|[^:/]+)(?::(?<remotePort>\d{1,5}))?/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  http: '80',
  https: '443',
  ws: '80',
  wss: '443',
  fastcgi: '9000',
};
/** In lines about a client the bare address is the client's, never a server's. */
const ABOUT_A_CLIENT = 3;

/** The fields that the pattern gave, completed from the line. */
export function findAddresses(line: string, given: Fields): Fields {
  const found: Partial<Record<FieldName, string>> = { ...given };
  const server = given.client === undefined || given.upstream !== undefined;
  for (const [at, expression] of EXPRESSIONS.entries()) {
    if (
      at > ABOUT_A_CLIENT &&
      (found.remote !== undefined || found.upstream !== undefined || !server || found.client !== undefined)
    )
      break;
    for (const [name, value] of Object.entries(expression.exec(line)?.groups ?? {})) {
      if (value !== undefined && value !== '') found[name as FieldName] ??= value;
    }
  }
  const parts =
    found.upstream === undefined || found.remote !== undefined ? undefined : URL_PARTS.exec(found.upstream)?.groups;
  if (parts) {
    found.remote = parts['remote'] ?? '';
    found.remotePort ??= parts['remotePort'] ?? DEFAULT_PORTS[parts['scheme'] ?? ''] ?? '';
  }
  if (found.remotePort === '') delete found.remotePort;
  return found;
}
