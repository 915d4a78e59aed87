import { type Daemon, startDaemon, temporaryDirectory } from './daemon.ts';
import { freePort } from './free-port.ts';

/** A Redis of the Debian package redis-server, on a free port, without persistence. */
export async function startRedis(): Promise<Daemon> {
  const directory = temporaryDirectory('redis');
  const port = await freePort();
  const command = ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
  return await startDaemon(
    [...command, '--save', '', '--appendonly', 'no'],
    /Ready to accept/,
    port,
    directory,
    'SIGTERM',
  );
}
