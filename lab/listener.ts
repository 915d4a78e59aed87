import { runCommand } from './helper.ts';
import type { Helper } from './helper.ts';
import { waitFor } from './wait.ts';

/** Waits until something listens on a port, without connecting to it: a connection would be in the capture. */
export async function waitForListener(port: number, helper: Helper): Promise<void> {
  await waitFor(`a listener on port ${port}`, async () => {
    if (helper.ended()) throw new Error(`the server for port ${port} ended: ${helper.stderr().trim()}`);
    return (await runCommand('ss', ['-Hltn', `sport = :${port}`])).trim() !== '';
  });
}
