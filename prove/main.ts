/** `npm run prove -- NAME [options]`: real processes, peers side by side; exit 1 when our own row misses its claim. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** What a file of this folder exports when it is a proof. */
interface Proof {
  /** One line of what it shows. */
  readonly about: string;
  readonly run: (args: readonly string[]) => Promise<number>;
}

const NAMES = ['exactly-once', 'stale-reuse', 'drain'] as const;

process.exitCode = await main(process.argv.slice(2));

async function main([name, ...args]: readonly string[]): Promise<number> {
  const built = NAMES.filter((one) => readdirSync(import.meta.dirname).includes(`${one}.ts`));
  if (name === undefined || !built.some((one) => one === name)) {
    const asked = name === undefined || name === '--help' || name === '-h';
    const usage = `npm run prove -- NAME [options]\n\n${built.map((one) => `  ${one}`).join('\n')}`;
    if (asked) console.log(usage);
    else console.error(`prove: no proof ${name}\n\n${usage}`);
    return name === '--help' || name === '-h' ? 0 : 2;
  }
  try {
    const proof = (await import(join(import.meta.dirname, `${name}.ts`))) as Proof;
    return await proof.run(args);
  } catch (error) {
    console.error(`prove: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  }
}
