/** The optional peer `undici`, looked up once, with a message that names it when it is missing. */
import { createRequire } from 'node:module';

type Undici = typeof import('undici');

/** undici 7, as the program that uses firsthand/client installed it. */
export const undici: Undici = load();

function load(): Undici {
  try {
    return createRequire(import.meta.url)('undici') as Undici;
  } catch (cause) {
    throw new Error('firsthand/client needs the package undici: npm install undici@7', { cause });
  }
}
