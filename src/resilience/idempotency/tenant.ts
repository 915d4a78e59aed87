/** Whose key it is. */
import { hash } from 'node:crypto';
import type { RequestLike } from './options.ts';

/** 128 bits, in base64url. */
const TENANT_CHARS = 22;

/**
 * The credentials of the request. Cookies count only without Authorization: they change more often, and a retry with
 * other credentials is another operation.
 */
export function defaultTenant({ headers }: RequestLike): string {
  const { authorization, cookie } = headers;
  if (authorization !== undefined) return `authorization ${String(authorization)}`;
  return cookie === undefined ? '' : `cookie ${String(cookie)}`;
}

/** The key in the store: a digest of the tenant, who may be a credential, and the client's key in its quotes. */
export function storageKey(tenant: string, key: string): string {
  return tenant === '' ? key : `${hash('sha256', tenant, 'base64url').slice(0, TENANT_CHARS)}.${key}`;
}
