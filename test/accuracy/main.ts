/**
 * Judges recorded sets: `npm run accuracy -- [DIR…] [--write] [--list]`. Without a folder the shipped captures are judged.
 * The last line is the summary; families held out have one of their own above it. `--list` shows each case that is wrong or
 * abstained, `--write` renders docs/accuracy.md, or docs/accuracy-fresh.md of sets that were recorded for it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { SetNote } from '../../lab/set-note.ts';
import { runTool } from '../../lab/tool.ts';
import { Failure } from '../../src/cli/failure.ts';
import { judgeSet } from './cases.ts';
import type { Case } from './cases.ts';
import { renderAccuracy } from './document.ts';
import { judgeJoined } from './joined.ts';
import type { JoinedCase } from './joined.ts';
import { isAbstained, isWrong, lineOf, summarize } from './summary.ts';

const CAPTURES = resolve(import.meta.dirname, '../captures');
const DOCS = resolve(import.meta.dirname, '../../docs');

const USAGE = `npm run accuracy -- [DIR…] [--write] [--list]   judges recorded sets, without DIR the shipped captures

  --list    each case that is wrong or abstained
  --write   renders docs/accuracy.md, or docs/accuracy-fresh.md of sets that were recorded for it`;

await runTool('accuracy', USAGE, async (args) => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { write: { type: 'boolean' }, list: { type: 'boolean' } },
  });
  const sets = (positionals.length > 0 ? positionals : [CAPTURES]).map((set) => ({ set, note: readNote(set) }));
  const cases: Case[] = [];
  const heldOut: Case[] = [];
  const joined: JoinedCase[] = [];
  for (const { set, note } of sets) {
    const judged = await judgeSet(set);
    (note?.heldOut === true ? heldOut : cases).push(...judged);
    joined.push(...(await judgeJoined(set)));
    if (values.list === true)
      for (const one of judged.filter((each) => isWrong(each) || isAbstained(each))) list(set, one);
    if (sets.length > 1) process.stdout.write(`${set}: ${lineOf(summarize(judged))}\n`);
  }
  if (values.write === true) {
    const notes = sets.flatMap(({ note }) => note ?? []);
    const name = notes.length > 0 ? 'accuracy-fresh.md' : 'accuracy.md';
    writeFileSync(join(DOCS, name), renderAccuracy({ cases, heldOut, joined, notes }));
  }
  if (heldOut.length > 0) process.stdout.write(`held out: ${lineOf(summarize(heldOut))}\n`);
  if (cases.length > 0) process.stdout.write(`${lineOf(summarize(cases, joined))}\n`);
  return 0;
});

/** Null of the shipped captures, which are no set. */
function readNote(set: string): SetNote | null {
  if (resolve(set) === CAPTURES) return null;
  if (!existsSync(set)) throw new Failure(`${set}: no such folder`);
  const path = join(set, 'set.json');
  if (!existsSync(path)) throw new Failure(`${set} holds no recorded set (set.json): npm run lab makes one`);
  return JSON.parse(readFileSync(path, 'utf8')) as SetNote;
}

function list(set: string, one: Case): void {
  const { said, truth, confidence } = one;
  const group = said.group.length > 0 ? ` [${said.group.join(', ')}]` : '';
  process.stdout.write(
    `${isWrong(one) ? 'wrong' : 'abstained'} ${set}/${one.capture} (${one.point})\n` +
      `  who ${one.who ?? '-'}: said ${said.who ?? '-'} ${confidence.who}, true ${truth.who ?? '-'}\n` +
      `  why ${one.why}: said ${said.cause}${group} ${said.level} ${confidence.why} (${said.mechanism}), true ${truth.cause}${one.identifiable ? '' : ' or its equivalents'} (${truth.mechanism})\n`,
  );
}
