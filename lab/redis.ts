import type { LabContext } from './context.ts';
import type { Helper } from './helper.ts';
import { waitForListener } from './listener.ts';

/** Starts Redis on the scenario's address, with nothing on disk. */
export async function startRedis(lab: LabContext, port: number, options: readonly string[] = []): Promise<Helper> {
  const where = ['--bind', lab.host, '--port', String(port), '--dir', lab.directory];
  const plain = ['--save', '', '--appendonly', 'no', '--protected-mode', 'no'];
  const helper = await lab.spawn('redis-server', [...where, ...plain, ...options]);
  await waitForListener(port, helper);
  return helper;
}
