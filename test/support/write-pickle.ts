/** A pickle to be written, opcode by opcode as Python's protocol 2 would, without its memo. */
export type PickleItem =
  | null
  | boolean
  | number
  | string
  | readonly PickleItem[]
  | { readonly tuple: readonly PickleItem[] }
  | { readonly dict: readonly (readonly [PickleItem, PickleItem])[] }
  | { readonly global: string; readonly name: string }
  | { readonly call: PickleItem; readonly args: readonly PickleItem[] }
  | { readonly object: PickleItem; readonly state: PickleItem }
  | { readonly persistent: PickleItem }
  | { readonly raw: Uint8Array };

const ascii = (text: string) => [...new TextEncoder().encode(text)];

/** One whole pickle: PROTO 2, the item, STOP. */
export function writePickle(item: PickleItem): Uint8Array {
  return Uint8Array.from([0x80, 2, ...opcodes(item), 0x2e]);
}

/** The opcodes that push one item. */
export function opcodes(item: PickleItem): number[] {
  if (item === null) return ascii('N');
  if (typeof item === 'boolean') return [item ? 0x88 : 0x89];
  if (typeof item === 'number') return [0x4a, ...little(item, 4)];
  if (typeof item === 'string') {
    const bytes = ascii(item);
    return [0x58, ...little(bytes.length, 4), ...bytes];
  }
  if ('tuple' in item) return [...ascii('('), ...item.tuple.flatMap(opcodes), ...ascii('t')];
  if ('dict' in item) return [...ascii('}('), ...item.dict.flat().flatMap(opcodes), ...ascii('u')];
  if ('global' in item) return ascii(`c${item.global}\n${item.name}\n`);
  if ('call' in item) return [...opcodes(item.call), ...opcodes({ tuple: item.args }), ...ascii('R')];
  if ('object' in item) return [...opcodes(item.object), ...ascii(')'), 0x81, ...opcodes(item.state), ...ascii('b')];
  if ('persistent' in item) return [...opcodes(item.persistent), ...ascii('Q')];
  if ('raw' in item) return [...item.raw];
  return [...ascii(']('), ...item.flatMap(opcodes), ...ascii('e')];
}

export function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) % 256);
}
