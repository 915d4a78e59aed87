/** `firsthand lab [CAUSE]`: the lab is no part of the reader; it is looked for beside it when it is asked for. */
import { extname } from 'node:path';
import { Failure } from '../failure.ts';
import type { LabFlags } from '../flags.ts';
import type { Io } from '../io.ts';

/** What the lab has for a person: `lab/show.ts`. */
export type ShowLab = (asked: string | undefined, flags: LabFlags, io: Io) => Promise<number>;

/** Lists the scenarios, or makes one and shows truth and verdict; the exit code. */
export async function runLab(asked: string | undefined, flags: LabFlags, io: Io): Promise<number> {
  const showLab = await loadLab();
  return showLab(asked, flags, io);
}

async function loadLab(): Promise<ShowLab> {
  const place = new URL(`../../../lab/show${extname(import.meta.url)}`, import.meta.url).href;
  try {
    const { showLab } = (await import(place)) as { readonly showLab: ShowLab };
    return showLab;
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    if (!isMissing) throw error;
    throw new Failure('the lab is not part of this installation: install the whole package', ['npm install firsthand']);
  }
}
