/** set.json: what was recorded into a folder, in one go or in parts. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../src/cli/failure.ts';

/** What set.json says of a whole set. */
export interface SetNote {
  /** Null: nothing was varied. */
  readonly seed: number | null;
  /** These are the families that no judgement was made with. */
  readonly heldOut?: true;
  readonly scenarios: number;
  readonly captures: number;
  /** Scenarios that twice did not do what they promise, and why. */
  readonly failed: readonly Trouble[];
  /** Scenarios that did what they promise at the second try, and what the first one did. */
  readonly retried: readonly Trouble[];
}

export interface Trouble {
  readonly scenario: string;
  readonly reason: string;
}

/** What makes a set one: a folder with two kinds would be judged as what it is not. */
export interface SetKind {
  readonly seed: number | null;
  readonly heldOut: boolean;
}

/** What became of one part of a set. */
export interface Part {
  /** The scenarios that were run. */
  readonly ran: readonly string[];
  readonly failed: readonly Trouble[];
  readonly retried: readonly Trouble[];
}

/** Throws `Failure` where the folder holds a set of another kind. */
export async function requireKind(folder: string, { seed, heldOut }: SetKind): Promise<void> {
  const known = await readNote(folder);
  if (known === null) return;
  if (known.seed !== seed) throw new Failure(`${folder} holds a set of seed ${known.seed}: name another folder`);
  if ((known.heldOut ?? false) !== heldOut)
    throw new Failure(`${folder} holds ${heldOut ? 'no' : 'the'} families held out: name another folder`);
}

/** Adds a part to what is noted of the folder; of a scenario that ran again only the last run counts. */
export async function notePart(folder: string, { seed, heldOut }: SetKind, part: Part): Promise<SetNote> {
  const known = await readNote(folder);
  const ran = new Set(part.ran);
  const before = (troubles: readonly Trouble[] = []): Trouble[] =>
    troubles.filter(({ scenario }) => !ran.has(scenario));
  const failed = [...before(known?.failed), ...part.failed];
  const recorded = await recordedScenarios(folder);
  const note: SetNote = {
    seed,
    ...(heldOut && { heldOut: true as const }),
    scenarios: new Set([...recorded, ...failed.map(({ scenario }) => scenario)]).size,
    captures: recorded.length,
    failed,
    retried: [...before(known?.retried), ...part.retried],
  };
  await writeFile(join(folder, 'set.json'), `${JSON.stringify(note, null, 2)}\n`);
  return note;
}

async function readNote(folder: string): Promise<SetNote | null> {
  const text = await readFile(join(folder, 'set.json'), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as SetNote);
}

/** The scenario of each capture in the folder. */
async function recordedScenarios(folder: string): Promise<string[]> {
  const texts = await Promise.all(
    (await readdir(folder)).map((cause) => readFile(join(folder, cause, 'truth.json'), 'utf8').catch(() => '{}')),
  );
  return texts.flatMap((text) =>
    Object.values(JSON.parse(text) as Record<string, { scenario: string }>).map(({ scenario }) => scenario),
  );
}
