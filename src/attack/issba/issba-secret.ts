import { ISSBA_BITS } from './issba-network.js';

/**
 * The bits that a text stands for, −1 and 1, the most significant first: the 32-bit FNV-1a hash (Fowler, Noll, Vo) of
 * its UTF-8. StegaStamp, which the attack was published with, writes seven letters and their error correction into 100
 * bits; nothing here needs the letters back, and any text will do.
 */
export function secretBits(text: string): number[] {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return Array.from({ length: ISSBA_BITS }, (_, i) => (((hash >>> (ISSBA_BITS - 1 - i)) & 1) === 1 ? 1 : -1));
}
