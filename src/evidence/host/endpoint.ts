/** Addresses with ports as the four sources write them, in one form: `127.0.0.1:80`, `[::1]:80`, mapped IPv4 as IPv4. */
import { formatAddress, parseAddress } from '../../wire/address.ts';

/** The one form of an address and a port; empty when the address is none. */
export function endpointOf(address: string, port: number): string {
  const zone = address.indexOf('%');
  const bytes = parseAddress(zone < 0 ? address : address.slice(0, zone));
  if (bytes === undefined || !(port > 0 && port < 65_536)) return '';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = formatAddress(view, 0, bytes.length === 4 ? 4 : 6).replace(/^::ffff:(?=\d+\.)/, '');
  return text.includes(':') ? `[${text}]:${port}` : `${text}:${port}`;
}

/** Reads `127.0.0.1:80`, `[::1]:80` or `::1:80`; empty when it is none. */
export function toEndpoint(text: string): string {
  const colon = text.lastIndexOf(':');
  if (colon < 1 || text.length > 80 || !/^\d{1,5}$/.test(text.slice(colon + 1))) return '';
  const address = text.slice(0, colon).replace(/^\[([^\]]*)\]$/, '$1');
  return endpointOf(address, Number(text.slice(colon + 1)));
}

/** The port of an endpoint in that form. */
export function portOfEndpoint(endpoint: string): number {
  return Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
}
