/**
 * Text from a capture is hostile: it may carry terminal commands, direction overrides or broken UTF-16.
 * After `escapeText` nothing in it can move the cursor, change colours, reorder or hide other text.
 */

/** Controls, format characters (bidi, zero width, tags), lone surrogates, private use, unassigned, line separators. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
const ASCII: Readonly<Record<string, string>> = {
  '→': '->',
  '←': '<-',
  '↔': '<->',
  '…': '...',
  '×': 'x',
  '≤': '<=',
  '≥': '>=',
  '–': '-',
  '—': '--',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '·': '*',
  '•': '*',
  '±': '+/-',
  µ: 'u',
};

/** Text with every dangerous character as a visible escape such as `\x1b` or `\u{202e}`. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (char) => SHORT[char] ?? toEscape(char));
}

/** As {@link escapeText}, in printable ASCII only. */
export function escapeAscii(text: string): string {
  return escapeText(text).replace(/[^\x20-\x7e]/gu, (char) => ASCII[char] ?? toEscape(char));
}

function toEscape(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}
