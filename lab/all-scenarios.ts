import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Scenario } from './scenario.ts';

const HERE = dirname(fileURLToPath(import.meta.url));

/** Every scenario of the lab, in the order of their folders and files. */
export async function allScenarios(): Promise<Scenario[]> {
  const root = join(HERE, 'scenarios');
  const found: Scenario[] = [];
  for (const folder of (await readdir(root)).sort()) found.push(...(await scenariosIn(join(root, folder))));
  return found;
}

/** The scenario of this id, also of a family held out; only its own folder is loaded. */
export async function scenarioOf(id: string): Promise<Scenario | undefined> {
  const own = join(HERE, 'scenarios', id.split('/')[0]!);
  const found = existsSync(own) ? await scenariosIn(own) : [];
  return found.find((one) => one.id === id) ?? (await heldOutScenarios()).find((one) => one.id === id);
}

/** The families that no judgement was made with (held-out/README.md): they show what is said of software never met. */
export function heldOutScenarios(): Promise<Scenario[]> {
  return scenariosIn(join(HERE, 'held-out'));
}

async function scenariosIn(folder: string): Promise<Scenario[]> {
  const found: Scenario[] = [];
  for (const file of (await readdir(folder)).sort()) {
    if (!/(?<!\.d)\.(ts|js)$/.test(file)) continue;
    const module = (await import(pathToFileURL(join(folder, file)).href)) as { scenarios: readonly Scenario[] };
    found.push(...module.scenarios);
  }
  return found;
}
