import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from './helper.ts';

/** Makes a self-signed key and certificate in `directory`, valid for a day. */
export async function makeCertificate(directory: string): Promise<{ key: string; cert: string }> {
  const keyFile = join(directory, 'key.pem');
  const certFile = join(directory, 'cert.pem');
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  await runCommand('openssl', ['req', ...kind, '-subj', '/CN=lab', '-keyout', keyFile, '-out', certFile]);
  return { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8') };
}
