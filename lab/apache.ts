import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabContext } from './context.ts';
import type { Helper } from './helper.ts';
import { waitForListener } from './listener.ts';

/** Starts Apache httpd in the foreground with one file, `/page`, that says hello, and waits until it listens. */
export async function startApache(
  lab: LabContext,
  directives: string,
  mpm: 'event' | 'worker' = 'event',
): Promise<Helper> {
  const { directory } = lab;
  await mkdir(join(directory, 'htdocs'));
  await writeFile(join(directory, 'htdocs', 'page'), 'hello\n');
  const file = join(directory, 'apache.conf');
  await writeFile(
    file,
    `LoadModule mpm_${mpm}_module /usr/lib/apache2/modules/mod_mpm_${mpm}.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
ServerName lab.example
ServerRoot ${directory}
DocumentRoot ${directory}/htdocs
PidFile ${directory}/apache.pid
DefaultRuntimeDir ${directory}
Mutex pthread
ErrorLog ${directory}/error.log
Listen ${lab.at(lab.port)}
StartServers 1
${directives}
`,
  );
  const helper = await lab.spawn('apache2', ['-f', file, '-DFOREGROUND']);
  await waitForListener(lab.port, helper);
  return helper;
}
