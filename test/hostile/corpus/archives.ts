import type { InputErrorCode } from '../../../src/core/errors.js';
import { writePickle } from '../../support/write-pickle.js';
import { stateDictItem, tensorItem, writeTorchLegacy, writeTorchZip } from '../../support/write-torch.js';
import { writeZip, type ZipFile } from '../../support/write-zip.js';
import { openai, text, type HostileFile } from './hostile-file.js';

const [firstTensor] = openai.values();

/** A zip of these entries under a name that says it is PyTorch's. */
function zip(name: string, files: readonly ZipFile[], names: string, code: InputErrorCode = 'hostile'): HostileFile {
  return { name, files: { 'evil.pt': writeZip(files) }, file: 'evil.pt', code, names };
}

const honestPickle = { name: 'archive/data.pkl', content: writePickle(stateDictItem(openai)) };
const small = new Uint8Array(8);
const honestZip = writeTorchZip(openai);
const honestLegacy = writeTorchLegacy(openai);

/** Zips and older PyTorch files that are not what they say, or not whole. */
export const hostileArchives: readonly HostileFile[] = [
  zip('a zip bomb', [{ name: 'archive/data.pkl', content: new Uint8Array(2 ** 26), compressed: true }], 'compressed'),
  zip('a pickle of 64 MB', [{ name: 'archive/data.pkl', content: new Uint8Array(2 ** 26) }], 'at most 33554432 bytes'),
  zip(
    'a compressed tensor',
    [honestPickle, { name: 'archive/data/0', content: small, compressed: true }],
    'archive/data/0',
  ),
  zip('a name that climbs', [honestPickle, { name: 'archive/../../evil', content: small }], 'archive/../../evil'),
  zip('a name that climbs the Windows way', [honestPickle, { name: String.raw`a\..\..\evil`, content: small }], 'evil'),
  zip('an absolute name', [honestPickle, { name: '/etc/passwd', content: small }], '/etc/passwd'),
  zip('a drive letter', [honestPickle, { name: 'C:/evil', content: small }], 'C:/evil'),
  zip('a name twice', [honestPickle, honestPickle], 'twice'),
  zip('a local header of another name', [{ ...honestPickle, localName: 'archive/safe.pkl' }], 'another entry'),
  zip('a size beyond the file', [{ ...honestPickle, claimedSize: 10_000_000 }], 'leaves the file'),
  zip(
    'an entry that reaches into the next',
    [{ name: 'archive/data/0', content: small, claimedSize: 100 }, honestPickle],
    '"archive/data/0" overlapping "archive/data.pkl"',
  ),
  zip('two pickles', [honestPickle, { ...honestPickle, name: 'other/data.pkl' }], '2 of them', 'unsupported'),
  zip('no pickle', [{ name: 'readme.txt', content: small }], 'data.pkl', 'unsupported'),
  zip(
    'big-endian tensors',
    [honestPickle, { name: 'archive/byteorder', content: text('big') }],
    'byte order',
    'unsupported',
  ),
  ...[30, 1000, honestZip.length - 10].map((length) => ({
    name: `a zip cut at ${length}`,
    files: { 'cut.pt': honestZip.slice(0, length) },
    file: 'cut.pt',
    code: 'malformed' as const,
    names: 'zip archive',
  })),
  {
    name: 'the old format cut inside the pickle',
    files: { 'cut.pt': honestLegacy.slice(0, 500) },
    file: 'cut.pt',
    code: 'malformed',
    names: 'cut short',
  },
  {
    name: 'the old format cut inside the tensors',
    files: { 'cut.pt': honestLegacy.slice(0, -100) },
    file: 'cut.pt',
    code: 'hostile',
    names: 'inside the file',
  },
  {
    name: 'the old format with a storage of 2^60 elements',
    files: { 'evil.pt': lyingLegacy() },
    file: 'evil.pt',
    code: 'hostile',
    names: '1152921504606847000 elements',
  },
  {
    name: 'TorchScript without its tensors',
    files: {
      'evil.pt': writeZip([
        {
          name: 'a/data.pkl',
          content: writePickle({
            object: { global: '__torch__.clip', name: 'M' },
            state: { dict: [['w', tensorItem('0', firstTensor)]] },
          }),
        },
      ]),
    },
    file: 'evil.pt',
    code: 'hostile',
    names: 'no such entry',
  },
];

/** Claims 2^60 elements for the first storage. */
function lyingLegacy(): Uint8Array {
  const bytes = honestLegacy.slice();
  const storages = [...openai.values()].reduce((sum, { data }) => sum + 8 + data.byteLength, 0);
  new DataView(bytes.buffer).setBigUint64(bytes.length - storages, 2n ** 60n, true);
  return bytes;
}
