/** Which of the errors of one stack trace is the cause of the others. */
import type { LineMatch } from './define.ts';

/** A recognised line of a trace. */
export interface FoundLine extends LineMatch {
  readonly line: string;
}

/** A property of an error object that carries a code, not the error itself. */
const PROPERTY = /^\s*(?:code|errno|syscall|name): /;
const CAUSE_MARK = /\bcause\b|Caused by/;
/** Python prints the chain from the inside out, everybody else from the outside in. */
const INSIDE_OUT = /During handling of the above exception|direct cause of the following exception/;

/** ASCII, lower case; one of them occurs in every text that `isInsideOut` knows. */
export const INSIDE_OUT_LITERALS: readonly string[] = ['during handling of the above', 'direct cause of the following'];

/** The error that decides; undefined when nothing was found. */
export function toInnermost<Line extends FoundLine>(found: readonly Line[], insideOut: boolean): Line | undefined {
  const errors = found.filter(({ pattern, line }) => !pattern.wraps && !isProperty(line));
  if (errors.length === 0) return found.find(({ pattern }) => !pattern.wraps) ?? found.at(-1);
  if (insideOut) return errors[0];
  return errors.findLast(({ line }) => isCause(line)) ?? errors[0];
}

/** True for a text with a chain of errors whose first is the innermost. */
export function isInsideOut(text: string): boolean {
  return INSIDE_OUT.test(text);
}

/** True for a line that names the error under the one before it. */
export function isCause(line: string): boolean {
  return CAUSE_MARK.test(line);
}

/** True for a line such as `code: 'ECONNRESET'`, printed under the error that has it. */
export function isProperty(line: string): boolean {
  return PROPERTY.test(line);
}
