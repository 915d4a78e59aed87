import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Scenario } from './scenario.ts';

/** Every scenario of the lab, or of one cause, in the order of their folders and files. */
export async function allScenarios(cause?: string): Promise<Scenario[]> {
  const root = join(dirname(fileURLToPath(import.meta.url)), 'scenarios');
  const found: Scenario[] = [];
  for (const folder of (await readdir(root)).sort()) {
    if (cause !== undefined && folder !== cause) continue;
    for (const file of (await readdir(join(root, folder))).sort()) {
      if (!/(?<!\.d)\.(ts|js)$/.test(file)) continue;
      const module = (await import(pathToFileURL(join(root, folder, file)).href)) as { scenarios: readonly Scenario[] };
      found.push(...module.scenarios);
    }
  }
  return found;
}
