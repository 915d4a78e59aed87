/** Puts a client's fetch in the place of the global one. */
import type { Client } from './create-client.ts';

/**
 * From now on `fetch` of the whole process is the client's, libraries included. Returns what puts the former one back;
 * when somebody installed another one meanwhile, that stays.
 * @example
 * const undo = installGlobalFetch(createClient());
 */
export function installGlobalFetch(client: Client): () => void {
  const before = globalThis.fetch;
  const installed = client.fetch;
  globalThis.fetch = installed;
  return () => {
    if (globalThis.fetch === installed) globalThis.fetch = before;
  };
}
