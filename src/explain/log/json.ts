/** The log report as JSON: parses back to the very same values, and is safe to print on a terminal. */
import type { LogReport } from './define.ts';

/** What JSON.stringify leaves raw although a terminal obeys it. */
const RAW_UNSAFE = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** One indented document with a final newline. */
export function renderLogJson(report: LogReport): string {
  return `${JSON.stringify(report, undefined, 2).replace(RAW_UNSAFE, toUnits)}\n`;
}

function toUnits(char: string): string {
  let escaped = '';
  for (let at = 0; at < char.length; at++) escaped += `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return escaped;
}
