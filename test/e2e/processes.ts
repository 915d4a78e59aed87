/** What runs on this machine, from /proc: to show that nothing was left behind. */
import { readdirSync, readFileSync } from 'node:fs';

/** Command lines of living processes in whose file `cmdline` or `environ` the text occurs. */
export function processesWith(file: 'cmdline' | 'environ', text: string): readonly string[] {
  const commands = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return commands
    .filter((pid) => contents(pid, file).includes(text))
    .map((pid) => `${pid} ${contents(pid, 'cmdline')}`);
}

/** Empty for a process that ended meanwhile, or that belongs to somebody else. */
function contents(pid: string, file: 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
