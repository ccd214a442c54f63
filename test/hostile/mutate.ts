import type { Random } from '../../src/tensor/random.js';

type Mutation = (random: Random, bytes: Uint8Array) => Uint8Array;

/** What transmission errors and attackers do to files. Each returns a new array. */
const mutations: readonly Mutation[] = [
  flipBytes,
  truncate,
  splice,
  tweakInteger,
  tweakDigit,
  duplicateRange,
  zeroRange,
];

/** Applies one to three mutations. */
export function mutate(random: Random, bytes: Uint8Array): Uint8Array {
  let out = bytes;
  for (let count = 1 + random.below(3); count > 0; count--) {
    if (out.length > 0) out = mutations[random.below(mutations.length)](random, out);
  }
  return out;
}

/** A place in the file; half the time near the start or the end, where headers and tables are. */
function place(random: Random, bytes: Uint8Array): number {
  const near = Math.min(bytes.length, 512);
  switch (random.below(4)) {
    case 0:
      return random.below(near);
    case 1:
      return bytes.length - 1 - random.below(near);
    default:
      return random.below(bytes.length);
  }
}

function flipBytes(random: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  for (let count = 1 + random.below(4); count > 0; count--) out[place(random, out)] = random.below(256);
  return out;
}

function truncate(random: Random, bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, place(random, bytes));
}

function splice(random: Random, bytes: Uint8Array): Uint8Array {
  const start = place(random, bytes);
  return Uint8Array.from([...bytes.subarray(0, start), ...bytes.subarray(start + random.below(16))]);
}

const interesting = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/** Overwrites one, two, four or eight bytes with a length that breaks things. */
function tweakInteger(random: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const start = place(random, out);
  const value = interesting[random.below(interesting.length)];
  const width = 2 ** random.below(4);
  for (let i = 0; i < width && start + i < out.length; i++) out[start + i] = i < 4 ? (value >>> (8 * i)) & 255 : 0;
  return out;
}

/** Changes a decimal digit: sizes in JSON, keys of storages. */
function tweakDigit(random: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const start = place(random, out);
  for (let i = start; i < out.length; i++) {
    if (out[i] < 0x30 || out[i] > 0x39) continue;
    out[i] = 0x30 + random.below(10);
    break;
  }
  return out;
}

function duplicateRange(random: Random, bytes: Uint8Array): Uint8Array {
  const start = place(random, bytes);
  const piece = bytes.subarray(start, start + 1 + random.below(64));
  const at = place(random, bytes);
  return Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
}

function zeroRange(random: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const start = place(random, out);
  return out.fill(0, start, start + 1 + random.below(32));
}
