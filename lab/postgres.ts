import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabContext } from './context.ts';
import { runCommand } from './helper.ts';
import type { Helper } from './helper.ts';
import { waitForListener } from './listener.ts';

/** A startup packet of protocol 3.0, for the user and the database `postgres`. */
export const PG_STARTUP: string = withLength(`${int32(196_608)}user\0postgres\0database\0postgres\0\0`);
/** ReadyForQuery, outside of a transaction: what ends each answer. */
export const PG_READY = 'Z\0\0\0\x05I';

/** A simple query. */
export function pgQuery(sql: string): string {
  return `Q${withLength(`${sql}\0`)}`;
}

/** PostgreSQL refuses to run as root: options of setpriv. */
export const AS_POSTGRES: readonly string[] = ['--reuid=postgres', '--regid=postgres', '--clear-groups'];
const LOW_PORTS = ['--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service'];

/** Makes a database cluster in the scenario's directory and starts PostgreSQL on it with the given settings. */
export async function startPostgres(lab: LabContext, settings: readonly string[]): Promise<Helper> {
  const [version = ''] = (await readdir('/usr/lib/postgresql')).toReversed();
  const bin = join('/usr/lib/postgresql', version, 'bin');
  const data = join(lab.directory, 'data');
  await runCommand('chown', ['postgres:postgres', lab.directory]);
  await runCommand('setpriv', [
    ...AS_POSTGRES,
    join(bin, 'initdb'),
    '-D',
    data,
    '-A',
    'trust',
    '-U',
    'postgres',
    '--no-sync',
  ]);
  const where = [`listen_addresses=${lab.host}`, `port=${lab.port}`, `unix_socket_directories=${lab.directory}`];
  const options = [...where, 'fsync=off', ...settings].flatMap((one) => ['-c', one]);
  // --pdeathsig is lost with another user.
  const tied = ['--pdeathsig', 'KILL', ...LOW_PORTS, join(bin, 'postgres'), '-D', data];
  const helper = await lab.spawn('setpriv', [...AS_POSTGRES, ...tied, ...options]);
  await waitForListener(lab.port, helper);
  return helper;
}

function withLength(text: string): string {
  return `${int32(text.length + 4)}${text}`;
}

function int32(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}
