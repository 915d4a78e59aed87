import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabContext } from './context.ts';
import type { Helper } from './helper.ts';
import { waitForListener } from './listener.ts';
import type { Host } from './network.ts';

export interface NginxOptions {
  /** Parameters of `listen` behind the address. */
  readonly listen?: string;
  /** Directives outside of all blocks. */
  readonly main?: string;
  /** Default 64. */
  readonly workerConnections?: number;
  /** In a host's namespace instead of this machine. */
  readonly host?: Host;
}

/** Starts nginx in the foreground, one worker, with the given body of `server { listen …; }`, and waits until it listens. */
export async function startNginx(lab: LabContext, serverBody: string, options: NginxOptions = {}): Promise<Helper> {
  const { directory } = lab;
  await mkdir(join(directory, 'logs'), { recursive: true });
  const file = join(directory, 'nginx.conf');
  await writeFile(
    file,
    `user root; daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/logs/error.log;
${options.main ?? ''}
events { worker_connections ${options.workerConnections ?? 64}; }
http {
  access_log off;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server { listen ${lab.at(lab.port)} ${options.listen ?? ''}; ${serverBody} }
}
`,
  );
  const args = ['-p', directory, '-c', file, '-e', join(directory, 'logs', 'error.log')];
  const helper = await lab.spawn('nginx', args, options.host);
  await waitForListener(lab.port, helper, options.host && lab.network.namespace[options.host]);
  return helper;
}
