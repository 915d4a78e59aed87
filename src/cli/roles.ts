/** `--role ADDRESS|CIDR=ROLE[:NAME]` and `--hosts FILE`: what the user knows about the addresses. */
import { isIP } from 'node:net';
import { ROLES } from '../terms/actors.ts';
import type { RoleHint } from '../collect/read-capture.ts';
import { Failure } from './failure.ts';
import { toNearest } from './nearest.ts';

/** Reads one `--role`; a bare address stands for itself alone. */
export function toRoleHint(text: string): RoleHint {
  const [, place = '', roleText = '', name] = /^([^=]+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
  if (place === '')
    throw new Failure(`--role ${text}: write ADDRESS=ROLE or ADDRESS=ROLE:NAME, such as 10.0.0.5=proxy:edge`);
  const role = ROLES.find((word) => word === roleText);
  if (!role) {
    const hint = toNearest(roleText, ROLES);
    throw new Failure(
      `--role ${text}: unknown role ${roleText}${hint ? `, did you mean ${hint}?` : ''}; roles are ${ROLES.join(', ')}`,
    );
  }
  return { cidr: toCidr(place, text), role, ...(name && { name }) };
}

/** Names by canonical address from a file in the format of /etc/hosts; the first name of an address counts. */
export function toHosts(text: string, file: string): Map<string, string> {
  const hosts = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [address = '', name] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address === '') continue;
    const bare = address.replace(/%.*/, '');
    if (isIP(bare) === 0)
      throw new Failure(`${file}:${index + 1}: ${address} is not an address; lines read ADDRESS NAME`);
    if (name === undefined) throw new Failure(`${file}:${index + 1}: no name after ${address}`);
    const key = toCanonical(bare);
    if (!hosts.has(key)) hosts.set(key, name);
  }
  return hosts;
}

function toCidr(place: string, text: string): string {
  const [address = '', lengthText, more] = place.split('/');
  const version = isIP(address);
  if (version === 0 || more !== undefined)
    throw new Failure(`--role ${text}: ${place} is neither an address nor a network`);
  const longest = version === 4 ? 32 : 128;
  const length = lengthText === undefined ? longest : /^\d+$/.test(lengthText) ? Number(lengthText) : Number.NaN;
  if (!(length <= longest)) throw new Failure(`--role ${text}: the prefix length is 0 to ${longest}`);
  return `${toCanonical(address)}/${length}`;
}

/** RFC 5952 text, which is how reports write addresses. */
function toCanonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}
