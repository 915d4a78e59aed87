import type { LabContext } from './context.ts';
import type { Helper } from './helper.ts';
import { waitForListener } from './listener.ts';

/**
 * Starts a process of its own with a Node HTTP server in the server's namespace. `handler` is the source of a function of
 * request and response; `before` is run as soon as it listens. `limits` are options of prlimit.
 */
export async function startNodeServer(
  lab: LabContext,
  handler: string,
  { before = '', limits = [] }: { readonly before?: string; readonly limits?: readonly string[] } = {},
): Promise<Helper> {
  const script = `
const fs = require('node:fs');
const server = require('node:http').createServer(${handler});
server.listen(${lab.port}, ${JSON.stringify(lab.host)}, () => { ${before} });
`;
  const node = [process.execPath, '-e', script] as const;
  const [command, ...args] = limits.length === 0 ? node : (['prlimit', ...limits, ...node] as const);
  const helper = await lab.spawn(command, args, 'server');
  await waitForListener(lab.port, helper, lab.network.namespace.server);
  return helper;
}

/** Lets the process sleep while `work` is done: what arrives meanwhile waits in its sockets, as for a busy event loop. */
export async function whileBusy(helper: Helper, work: () => Promise<void>): Promise<void> {
  process.kill(helper.pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    process.kill(helper.pid, 'SIGCONT');
  }
}
