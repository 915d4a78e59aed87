/** What a failure is called in one line. */

/** The message; with the code where the message does not say it. */
export function readable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message, name } = error as NodeJS.ErrnoException;
  if (message === '') return code ?? name;
  return code === undefined || message.includes(code) ? message : `${message} (${code})`;
}
