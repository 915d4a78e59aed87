/** The tables of a search for literals: which four bytes of each are its window, and where what stands. */

const SLOTS = 0x1_0000;

/** What a search looks up; built in some ten milliseconds for three thousand literals. */
export interface Tables {
  /** 1 for three bytes of a window, by slot. */
  readonly marks: Uint8Array;
  /** One more than the first literal whose window has this slot, and for each literal than the next one; 0 is the end. */
  readonly heads: Uint16Array;
  readonly nexts: Uint16Array;
  /** The literals one after the other in lower case, where each begins and, in the last place, where all end. */
  readonly bytes: Uint8Array;
  readonly begins: Int32Array;
  /** Of the window in its literal. */
  readonly offsets: Int32Array;
}

/** Makes letters lower case; that other characters fall together too is found when they are compared. */
export const FOLD: number = 0x2020_2020;
const FACTOR = 0x9e37_79b1;
/** The fourth byte of a word has no part in the product. */
export const FACTOR3: number = 0x3779_b100;

/** Where three bytes are looked up. */
export function slotOf3(bytes: Uint8Array, at: number): number {
  return Math.imul(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | FOLD, FACTOR3) >>> 16;
}

/** Where four bytes are looked up. */
export function slotOf4(bytes: Uint8Array, at: number): number {
  const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  return slotOf(word | FOLD);
}

/** Where four bytes are looked up that are one word and folded. */
export function slotOf(foldedWord: number): number {
  return Math.imul(foldedWord, FACTOR) >>> 16;
}

/** The tables for literals of four bytes and more. */
export function toTables(literals: readonly string[]): Tables {
  const bytes = new TextEncoder().encode(literals.join('').toLowerCase());
  const begins = new Int32Array(literals.length + 1);
  const offsets = new Int32Array(literals.length);
  const marks = new Uint8Array(SLOTS);
  const heads = new Uint16Array(SLOTS);
  const nexts = new Uint16Array(literals.length);
  const commonness = toCommonness();
  const sharing = new Uint16Array(SLOTS);
  for (const [literal, { length }] of literals.entries()) {
    const begin = begins[literal]!;
    const end = (begins[literal + 1] = begin + length);
    const window = rarestWindow(bytes, begin, end, commonness, sharing);
    offsets[literal] = window - begin;
    marks[slotOf3(bytes, window)] = 1;
    marks[slotOf3(bytes, window + 1)] = 1;
    const slot = slotOf4(bytes, window);
    sharing[slot]!++;
    nexts[literal] = heads[slot]!;
    heads[slot] = literal + 1;
  }
  return { marks, heads, nexts, bytes, begins, offsets };
}

/** Literals with the same window are compared one by one: the more have it already, the less it is chosen. */
function rarestWindow(
  bytes: Uint8Array,
  begin: number,
  end: number,
  commonness: Commonness,
  sharing: Uint16Array,
): number {
  let rarest = begin;
  let least = Infinity;
  for (let window = begin; window + 4 <= end; window++) {
    const cost =
      toCost(commonness, bytes, window) +
      toCost(commonness, bytes, window + 1) +
      sharing[slotOf4(bytes, window)]! / 256;
    if (cost < least) [rarest, least] = [window, cost];
  }
  return rarest;
}

/** How often the three bytes were seen, or would be were bytes independent: a window that is everywhere is looked at everywhere. */
function toCost({ seen, shares }: Commonness, bytes: Uint8Array, at: number): number {
  const chance = shares[bytes[at]!]! * shares[bytes[at + 1]!]! * shares[bytes[at + 2]!]!;
  return seen[slotOf3(bytes, at)]! + chance * ORDINARY_TEXT.length;
}

interface Commonness {
  /** Three bytes, by slot. */
  readonly seen: Uint16Array;
  /** Of the text, by byte. */
  readonly shares: Float64Array;
}

function toCommonness(): Commonness {
  const seen = new Uint16Array(SLOTS);
  const shares = new Float64Array(256);
  const bytes = new TextEncoder().encode(ORDINARY_TEXT.toLowerCase());
  for (let at = 0; at + 3 <= bytes.length; at++) seen[slotOf3(bytes, at)]!++;
  for (const byte of bytes) shares[byte]! += 1 / bytes.length;
  return { seen, shares };
}

/** What every log is full of; none of it is a failure. */
const ORDINARY_TEXT = `192.0.2.17 - - [04/Mar/2025:13:05:59 +0100] "GET /index.html?lang=en&view=list HTTP/1.1" 200 5316
"https://www.example.org/products/item" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)
Chrome/126.0.0.0 Safari/537.36" "POST /login HTTP/1.0" 302 0 "-" "curl/8.1.2" "PUT /app/user HTTP/2.0" 404 20 "-" "-" 401
{"level":"info","timestamp":"2025-03-04T13:05:59.123Z","message":"response sent","method":"POST","path":"/api/items/1",
"status":200,"duration":12.0,"host":"web-1","remote":"10.0.0.17","port":443,"user":"name","id":"1f","error":null,"code":0}
2025-03-04 13:05:59.321 INFO [main] com.example.app.http.RequestHandler - handled the request for /images/photo.png in 37 ms,
error count 0, session started with the server, connection to the client is open, order stored, cache refreshed, none left
2025-03-04 23:00:01,000 DEBUG worker.2 - new task was received from the queue and processed, 10 of 20 messages ready, reading
Mar  4 13:05:59 host systemd[1]: Started Session 42 of user root. sshd[4242]: Accepted publickey for deploy from 10.0.0.17
port 50000 ssh2 kernel: eth0: link up; service reload done; loading configuration file, reading from disk, writing to output,
health probe passed, returning over the current thread, checking whether all other parts are set, verified, closed by peer`;
