import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { type Daemon, startDaemon, temporaryDirectory } from './daemon.ts';
import { freePort } from './free-port.ts';

const ROOT = '/usr/lib/postgresql';
const USER = 'postgres';

/**
 * A PostgreSQL of the Debian package postgresql, on a free port, user and database `postgres`, no password. `settings`
 * as for `postgres -c`. Started by root it runs as the user postgres, since it refuses to run as root.
 */
export async function startPostgres(settings: readonly string[] = []): Promise<Daemon> {
  const user = process.getuid?.() === 0 ? userOf(USER) : undefined;
  const directory = temporaryDirectory('postgres', user?.uid, user?.gid);
  const data = path.join(directory, 'data');
  const as = user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
  const initdb = [path.join(binaries(), 'initdb'), '--pgdata', data, '--username', USER, '--auth=trust', '--no-sync'];
  execFileSync('setpriv', [...as, ...initdb, '--encoding=UTF8', '--no-locale'], { stdio: 'pipe', cwd: directory });
  const port = await freePort();
  const options = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${directory}`, ...settings];
  const postgres = [path.join(binaries(), 'postgres'), '-D', data, ...options.flatMap((option) => ['-c', option])];
  return await startDaemon([...as, ...postgres], /ready to accept connections/, port, directory, 'SIGINT');
}

/** Those of the newest version that is installed. */
function binaries(): string {
  const versions = (fs.existsSync(ROOT) ? fs.readdirSync(ROOT) : []).sort((a, b) => Number(b) - Number(a));
  if (versions[0] === undefined) throw new Error(`PostgreSQL is missing: apt-get install postgresql`);
  return path.join(ROOT, versions[0], 'bin');
}

function userOf(name: string): { uid: number; gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
