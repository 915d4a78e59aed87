/** What is being measured, on a terminal only: a table comes when all of it is there. */

/** Shows a line in place of the one before; an empty one removes it. */
export function announce(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}
