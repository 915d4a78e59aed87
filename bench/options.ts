/** A wrong option or value: reported in one line, exit 2. */
export class UsageError extends Error {}

/** Reads a whole number above zero. */
export function positiveInteger(option: string, text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`${option} ${text}: a whole number above zero is needed`);
}

/** Reads a share, 0 to 1. */
export function share(option: string, text: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value <= 1) return value;
  throw new UsageError(`${option} ${text}: a share from 0 to 1 is needed`);
}
