/** Polls `ready` every few milliseconds until it is true; throws after `timeoutMs` naming what never happened. */
export async function waitFor(
  what: string,
  ready: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await ready())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await pause(5);
  }
}

/** Lets `ms` milliseconds pass: for scenarios whose subject is time itself, such as an idle timeout. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
