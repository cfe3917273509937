/** An archive of files, none of them compressed: pictures are so already, and the rest is small. (PKWARE's APPNOTE 6.3.) */

/** @typedef {{name: string, data: string | Uint8Array<ArrayBuffer>}} Entry */

const LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50, VERSION = 20, UTF8 = 0x0800;

/** @param {Entry[]} entries @param {Date} [now] @returns {Uint8Array<ArrayBuffer>} */
export function zip(entries, now = new Date()) {
  const files = entries.map(({ name, data }) => ({ name: bytesOf(name), data: typeof data === "string" ? bytesOf(data) : data }));
  const time = [(now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1), ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate()];
  /** @type {Uint8Array[]} */
  const local = [], central = [];
  let offset = 0;
  for (const { name, data } of files) {
    const about = [VERSION, UTF8, 0, ...time, ...wide(crc32(data)), ...wide(data.length), ...wide(data.length), name.length, 0];
    local.push(words([...wide(LOCAL), ...about]), name, data);
    central.push(words([...wide(CENTRAL), VERSION, ...about, 0, 0, 0, 0, 0, ...wide(offset)]), name);
    offset += 30 + name.length + data.length;
  }
  const size = central.reduce((sum, part) => sum + part.length, 0);
  return joined([...local, ...central, words([...wide(END), 0, 0, files.length, files.length, ...wide(size), ...wide(offset), 0])]);
}

/** @param {string} text */
export const bytesOf = (text) => new TextEncoder().encode(text);

/** 32 bits as two words of 16, the lower one first. @param {number} value */
const wide = (value) => [value & 0xffff, value >>> 16];

/** 16 bits each, little-endian. @param {number[]} values */
const words = (values) => Uint8Array.from(values.flatMap((value) => [value & 0xff, (value >> 8) & 0xff]));

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit += 1) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
  return sum;
});

/** The checksum that the format asks for. @param {Uint8Array} data */
export function crc32(data) {
  let sum = 0xffffffff;
  for (const byte of data) sum = TABLE[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
