/** The version that reports carry; a test holds it against package.json. */
export const VERSION = '0.1.0';
