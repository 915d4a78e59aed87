import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabContext } from './context.ts';
import type { Helper } from './helper.ts';
import { waitForListener } from './listener.ts';

/** Starts HAProxy in the foreground with the given sections after `global` and `defaults`, and waits until `port` listens. */
export async function startHaproxy(
  lab: LabContext,
  sections: string,
  port: number,
  global: string = '',
): Promise<Helper> {
  const file = join(lab.directory, 'haproxy.cfg');
  await writeFile(file, `global\n  maxconn 200\n${global}\n${sections}\n`);
  const helper = await lab.spawn('haproxy', ['-db', '-f', file]);
  await waitForListener(port, helper);
  return helper;
}
