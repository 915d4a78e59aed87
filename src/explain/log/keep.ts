/**
 * A slice of a string keeps the whole string alive (V8 does not copy above 12 characters): what outlives its line is
 * copied, or a few thousand addresses would hold as many lines of 64 KiB.
 */
export function keep(text: string, maxChars: number): string {
  const short = text.length > maxChars ? `${text.slice(0, maxChars)}…` : text;
  return decoder.decode(encoder.encode(short));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
