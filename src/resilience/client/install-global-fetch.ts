/** Puts a client's fetch in the place of the global one. */
import { checkMethods } from './check-options.ts';
import type { Client } from './create-client.ts';

interface Installed {
  readonly fetch: typeof fetch;
  readonly before: typeof fetch;
  undone: boolean;
}

/** Those of this process that were not taken back, in order. */
const installed: Installed[] = [];

/**
 * From now on `fetch` of the whole process is the client's, libraries included. Returns what puts the former one back;
 * when another one was installed meanwhile, that stays, and the former one returns with its undo.
 * @example
 * const undo = installGlobalFetch(createClient());
 */
export function installGlobalFetch(client: Client): () => void {
  checkMethods('client', client, ['fetch'], 'what createClient() returns');
  const entry: Installed = { fetch: client.fetch, before: globalThis.fetch, undone: false };
  globalThis.fetch = entry.fetch;
  installed.push(entry);
  return () => {
    entry.undone = true;
    takeBack();
  };
}

/** From the latest on, as long as it is ours that is in place and was undone. */
function takeBack(): void {
  for (let last = installed.at(-1); last?.undone === true; last = installed.at(-1)) {
    if (globalThis.fetch !== last.fetch) return;
    globalThis.fetch = last.before;
    installed.pop();
  }
}
