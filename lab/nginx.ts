import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabContext } from './context.ts';
import type { Helper } from './helper.ts';
import { waitForListener } from './listener.ts';

/** Starts nginx in the foreground, one worker, with the given body of `server { listen …; }`, and waits until it listens. */
export async function startNginx(lab: LabContext, serverBody: string, listenOptions: string = ''): Promise<Helper> {
  const { directory } = lab;
  await mkdir(join(directory, 'logs'), { recursive: true });
  const file = join(directory, 'nginx.conf');
  await writeFile(
    file,
    `user root; daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/logs/error.log;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server { listen ${lab.at(lab.port)} ${listenOptions}; ${serverBody} }
}
`,
  );
  const helper = await lab.spawn('nginx', ['-p', directory, '-c', file, '-e', join(directory, 'logs', 'error.log')]);
  await waitForListener(lab.port, helper);
  return helper;
}
