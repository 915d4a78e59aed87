import { runCommand } from './helper.ts';
import type { Helper } from './helper.ts';
import { waitFor } from './wait.ts';

/** Waits until something listens on a port, without connecting to it: a connection would be in the capture. */
export async function waitForListener(port: number, helper: Helper, namespace?: string): Promise<void> {
  const inside = namespace === undefined ? [] : ['-N', namespace];
  await waitFor(`a listener on port ${port}`, async () => {
    if (helper.ended()) throw new Error(`the server for port ${port} ended: ${helper.stderr().trim()}`);
    return (await runCommand('ss', [...inside, '-Hltn', `sport = :${port}`])).trim() !== '';
  });
}
