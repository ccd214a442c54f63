import type { InputErrorCode } from '../../../src/core/errors.js';
import { little, opcodes, writePickle, type PickleItem } from '../../support/write-pickle.js';
import { stateDictItem, tensorItem, writeTorchLegacy, writeTorchZip } from '../../support/write-torch.js';
import { openai, text, type HostileFile } from './hostile-file.js';

const [firstTensor] = openai.values();
const ascii = (content: string) => [...text(content)];
const raw = (...parts: (number[] | string | number)[]): PickleItem => ({
  raw: Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? ascii(part) : part))),
});
const repeated = (code: string | number[], count: number) =>
  Buffer.alloc(count * code.length, typeof code === 'string' ? code : Uint8Array.from(code));
const global = (module: string, name: string): PickleItem => ({ global: module, name });
const call = (module: string, name: string, ...args: PickleItem[]): PickleItem => ({
  call: global(module, name),
  args,
});

/** A PyTorch zip with `root` in the place of the state dict. */
function zipOf(name: string, root: PickleItem, names: string, code: InputErrorCode = 'hostile'): HostileFile {
  return { name, files: { 'evil.pt': writeTorchZip(openai, root) }, file: 'evil.pt', code, names };
}

/** A PyTorch zip whose first tensor is described by `item`. */
function tensorOf(name: string, item: PickleItem, names: string, code: InputErrorCode = 'hostile'): HostileFile {
  return zipOf(
    name,
    {
      dict: [
        ['visual.class_embedding', item],
        ['token_embedding.weight', item],
      ],
    },
    names,
    code,
  );
}

/** Pickles that want something run. */
const code: readonly HostileFile[] = [
  zipOf('os.system called', call('os', 'system', 'id'), 'os.system'),
  zipOf('os.system named and not called', { dict: [['hook', global('os', 'system')]] }, 'os.system'),
  zipOf(
    'posix.system beside real weights',
    {
      dict: [
        ['state_dict', stateDictItem(openai)],
        ['hook', call('posix', 'system', 'id')],
      ],
    },
    'posix.system',
  ),
  zipOf(
    'builtins.eval from the stack (protocol 4)',
    raw([0x8c, 8], 'builtins', [0x8c, 4], 'eval', [0x93]),
    'builtins.eval',
  ),
  zipOf(
    'a path of attributes',
    raw([0x8c, 5], 'torch', [0x8c, 16], '_utils.os.system', [0x93]),
    'torch._utils.os.system',
  ),
  zipOf(
    'eval inside the arguments of a tensor',
    { call: global('torch._utils', '_rebuild_tensor_v2'), args: [call('builtins', 'eval', '1')] },
    'builtins.eval',
  ),
  zipOf('a call of what a call returned', { call: call('collections', 'OrderedDict'), args: [] }, 'a dict of 0'),
  zipOf('a call of a string', { call: 'os.system', args: ['id'] }, 'a string'),
  zipOf('a call of an element type', { call: global('torch', 'float32'), args: [] }, 'torch.float32'),
  zipOf('os.system by INST', raw('(', opcodes('id'), 'ios\nsystem\n'), 'os.system'),
  zipOf('os.system by OBJ', raw('(cos\nsystem\n', opcodes('id'), 'o'), 'os.system'),
  zipOf('a pickle inside the pickle', call('torch.storage', '_load_from_bytes', 'x'), 'torch.storage._load_from_bytes'),
  zipOf(
    'a class that begins like TorchScript',
    { object: global('__torch__evil', 'Run'), state: null },
    '__torch__evil.Run',
  ),
  zipOf('a whole pickled model', { object: global('clip.model', 'CLIP'), state: { dict: [] } }, 'clip.model.CLIP'),
  zipOf('getattr', call('builtins', 'getattr', 'a', 'b'), 'builtins.getattr'),
  zipOf('control characters in a name', global('os\u001b[2J', 'system'), String.raw`os\u001b[2J.system`),
  zipOf('an extension of the registry', raw([0x82, 1]), 'EXT1', 'malformed'),
  zipOf('an opcode that does not exist', raw([0xff]), 'opcode 255', 'malformed'),
  {
    name: 'os.system in the old format',
    files: { 'evil.pt': writeTorchLegacy(openai, call('os', 'system', 'id')) },
    file: 'evil.pt',
    code: 'hostile',
    names: 'os.system',
  },
  {
    name: 'os.system as a bare pickle',
    files: { 'pytorch_model.bin': writePickle(call('os', 'system', 'id')) },
    code: 'hostile',
    names: 'os.system',
  },
  {
    name: 'os.system in protocol 0',
    files: { 'evil.pkl': text("cos\nsystem\n(S'id'\ntR.") },
    file: 'evil.pkl',
    code: 'hostile',
    names: 'os.system',
  },
  {
    name: 'a source module in the old format',
    files: { 'evil.pt': writeTorchLegacy(openai, { persistent: { tuple: ['module', 'x', 'y', 'z'] } }) },
    file: 'evil.pt',
    code: 'hostile',
    names: 'source code',
  },
];

const bag = global('__torch__.clip', 'M');

/** 2^40 paths to one tensor: each module holds the one below it twice. */
function laughingModules(): PickleItem {
  const below = (memo: number) => [...ascii('h'), memo];
  const levels = Array.from({ length: 40 }, (_, level) => [
    ...opcodes(bag),
    ...ascii(')'),
    0x81,
    ...ascii('}('),
    ...opcodes('a'),
    ...below(level),
    ...opcodes('b'),
    ...below(level),
    ...ascii('ub'),
    ...ascii('q'),
    level + 1,
  ]);
  return raw(opcodes(tensorItem('0', firstTensor)), 'q', 0, levels.flat());
}

/** Pickles that want memory or time. */
const exhaustion: readonly HostileFile[] = [
  zipOf('modules that hold each other twice, 40 deep', laughingModules(), 'attributes'),
  zipOf(
    'a module that holds itself',
    raw(opcodes(bag), ')', [0x81], 'q', 0, '}', opcodes('me'), 'h', 0, 'sb'),
    'modules deep',
  ),
  zipOf(
    'a tuple in a tuple in a tuple, 300,000 deep',
    raw('N', [...repeated([0x85], 300_000)]),
    'lists, tuples and dicts',
  ),
  zipOf('300,000 empty dicts', raw([...repeated('}', 300_000)]), 'lists, tuples and dicts'),
  zipOf('2,000 nested marks', raw([...repeated('(', 2000)]), 'nested marks'),
  zipOf('more than a million values', raw([...repeated('N', 1_000_001)]), 'values on the stack'),
  zipOf(
    'more than a million stored values',
    raw('N', Array.from({ length: 1_000_001 }, (_, i) => [0x72, ...little(i, 4)]).flat()),
    'stored values',
  ),
  zipOf(
    'a long list copied again and again',
    raw(
      '(',
      [...repeated('N', 100_000)],
      'lq',
      0,
      Array.from({ length: 100 }, () => [...ascii('cbuiltins\nset\nh'), 0, 0x85, ...ascii('R')]).flat(),
    ),
    'operations',
  ),
  zipOf('a string that claims 4 GB', raw('X', little(0xffffffff, 4)), 'strings of at most'),
  zipOf('bytes that claim 16 EB', raw([0x8e], new Array<number>(8).fill(255)), 'strings of at most'),
  zipOf('an integer of 100 MB', raw([0x8b], little(100_000_000, 4)), 'integers of at most'),
  zipOf('a name without end', raw('c', [...repeated('A', 5000)]), 'lines of at most'),
];

const storage = (key: string, length: number): PickleItem => ({
  persistent: { tuple: ['storage', global('torch', 'FloatStorage'), key, 'cpu', length] },
});
const view = (
  offset: number,
  shape: number[],
  strides: number[],
  key = '0',
  length = firstTensor.data.length,
): PickleItem =>
  call(
    'torch._utils',
    '_rebuild_tensor_v2',
    storage(key, length),
    offset,
    { tuple: shape },
    { tuple: strides },
    false,
    null,
  );

/** Asks for a hundred times the 16 kB that it holds. */
function hundredViews(): Uint8Array {
  const shared = { shape: [4096], data: new Float32Array(4096) };
  const names = Array.from({ length: 100 }, (_, index) => `visual.${index}`);
  return writeTorchZip(new Map([['shared', shared]]), { dict: names.map((name) => [name, tensorItem('0', shared)]) });
}

/** Pickles whose tensors are not where they say. */
const tensors: readonly HostileFile[] = [
  tensorOf('a tensor beyond its storage', view(1, [firstTensor.data.length], [1]), 'storage of'),
  tensorOf('a billion elements out of one', view(0, [30_000, 30_000], [0, 0]), '900000000 elements'),
  tensorOf('strides that jump out', view(0, [2], [1_000_000]), 'elements up to number 1000001'),
  tensorOf('a negative offset', view(-1, [1], [1]), 'sizes of -1'),
  tensorOf('a negative length', view(0, [-4], [1]), 'sizes of 0, -4'),
  tensorOf('more strides than axes', view(0, [1], [1, 1]), '1 lengths with 2 strides'),
  tensorOf('60 axes', view(0, new Array<number>(60).fill(1), new Array<number>(60).fill(1)), '60 axes'),
  tensorOf(
    'a shape of strings',
    call('torch._utils', '_rebuild_tensor_v2', storage('0', 1), 0, { tuple: ['x'] }, { tuple: [1] }),
    'a string',
    'malformed',
  ),
  {
    name: 'a hundred views of one storage',
    files: { 'evil.pt': hundredViews() },
    file: 'evil.pt',
    code: 'hostile',
    names: 'views of each other',
  },
  tensorOf('a storage that claims another size', view(0, [1], [1], '0', 999_999), '3999996 bytes'),
  tensorOf('a storage that is not there', view(0, [1], [1], '../../etc/passwd', 1), '../../etc/passwd'),
  tensorOf(
    'a storage of an unknown type',
    { persistent: { tuple: ['storage', 'FloatStorage', '0', 'cpu', 1] } },
    'a storage',
    'malformed',
  ),
  tensorOf(
    'a tensor without a storage',
    call('torch._utils', '_rebuild_tensor_v2', 5, 0, { tuple: [] }, { tuple: [] }),
    '_rebuild_tensor',
    'malformed',
  ),
];

export const hostilePickles: readonly HostileFile[] = [...code, ...exhaustion, ...tensors];
