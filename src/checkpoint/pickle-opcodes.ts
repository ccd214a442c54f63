import type { PickleMachine } from './pickle-machine.js';
import { normalInteger, type PickleReader } from './pickle-reader.js';
import { describeValue, type PickleValue } from './pickle-value.js';
import { quoted } from './refusal.js';

/** Ends a pickle. */
export const stop = 0x2e;

/** Opcodes of protocol 0 to 5 (Python's `pickletools`) that push a value read from their arguments. */
export const literals: ReadonlyMap<number, (reader: PickleReader) => PickleValue> = new Map([
  [0x4e, () => null], // NONE
  [0x88, () => true], // NEWTRUE
  [0x89, () => false], // NEWFALSE
  [0x49, textInteger], // INT
  [0x4c, textInteger], // LONG
  [0x4a, (r) => r.int32()], // BININT
  [0x4b, (r) => r.uint8()], // BININT1
  [0x4d, (r) => r.uint16()], // BININT2
  [0x8a, (r) => r.integer(r.uint8())], // LONG1
  [0x8b, (r) => r.integer(r.uint32())], // LONG4
  [0x46, textFloat], // FLOAT
  [0x47, (r) => r.float64()], // BINFLOAT
  [0x53, textString], // STRING
  [0x55, (r) => r.latin1(r.uint8())], // SHORT_BINSTRING
  [0x54, (r) => r.latin1(r.int32())], // BINSTRING
  [0x56, (r) => r.line()], // UNICODE
  [0x8c, (r) => r.text(r.uint8())], // SHORT_BINUNICODE
  [0x58, (r) => r.text(r.uint32())], // BINUNICODE
  [0x8d, (r) => r.text(r.uint64())], // BINUNICODE8
  [0x43, (r) => r.bytes(r.uint8())], // SHORT_BINBYTES
  [0x42, (r) => r.bytes(r.uint32())], // BINBYTES
  [0x8e, (r) => r.bytes(r.uint64())], // BINBYTES8
  [0x96, (r) => r.bytes(r.uint64())], // BYTEARRAY8
] satisfies [number, (reader: PickleReader) => PickleValue][]);

/** All other opcodes that checkpoints use. */
export const operations: ReadonlyMap<number, (machine: PickleMachine) => unknown> = new Map([
  [0x80, protocol], // PROTO
  [0x95, (m) => m.reader.uint64()], // FRAME: a hint for buffering
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => m.discard()], // POP
  [0x31, (m) => m.popToMark()], // POP_MARK
  [0x32, (m) => m.push(m.top())], // DUP
  [0x5d, (m) => m.pushContainer([])], // EMPTY_LIST
  [0x6c, (m) => m.pushContainer(m.popToMark())], // LIST
  [0x61, (m) => m.append([m.pop()])], // APPEND
  [0x65, (m) => m.append(m.popToMark())], // APPENDS
  [0x29, (m) => m.pushContainer([])], // EMPTY_TUPLE
  [0x74, (m) => m.pushContainer(m.popToMark())], // TUPLE
  [0x85, (m) => m.tuple(1)], // TUPLE1
  [0x86, (m) => m.tuple(2)], // TUPLE2
  [0x87, (m) => m.tuple(3)], // TUPLE3
  [0x7d, (m) => m.pushContainer(new Map())], // EMPTY_DICT
  [0x64, (m) => m.dict(m.popToMark())], // DICT
  [0x73, (m) => m.setItem()], // SETITEM
  [0x75, (m) => m.setItems(m.popToMark())], // SETITEMS
  [0x8f, (m) => m.pushContainer(new Set())], // EMPTY_SET
  [0x90, (m) => m.addToSet(m.popToMark())], // ADDITEMS
  [0x91, (m) => m.pushContainer(new Set(m.popToMark()))], // FROZENSET
  [0x67, (m) => m.get(lineNumber(m.reader))], // GET
  [0x68, (m) => m.get(m.reader.uint8())], // BINGET
  [0x6a, (m) => m.get(m.reader.uint32())], // LONG_BINGET
  [0x70, (m) => m.put(lineNumber(m.reader))], // PUT
  [0x71, (m) => m.put(m.reader.uint8())], // BINPUT
  [0x72, (m) => m.put(m.reader.uint32())], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x63, (m) => m.global(m.reader.line(), m.reader.line())], // GLOBAL
  [0x93, (m) => m.stackGlobal()], // STACK_GLOBAL
  [0x52, (m) => m.reduce()], // REDUCE
  [0x81, (m) => m.reduce()], // NEWOBJ
  [0x92, newObjectWithKeywords], // NEWOBJ_EX
  [0x69, instance], // INST
  [0x6f, object], // OBJ
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.persistent()], // BINPERSID
] satisfies [number, (machine: PickleMachine) => unknown][]);

/** Opcodes with a meaning that no checkpoint needs, by name, for the message. */
export const refusedOpcodes: ReadonlyMap<number, string> = new Map([
  [0x50, 'PERSID'],
  [0x82, 'EXT1'],
  [0x83, 'EXT2'],
  [0x84, 'EXT4'],
  [0x97, 'NEXT_BUFFER'],
  [0x98, 'READONLY_BUFFER'],
]);

function protocol(machine: PickleMachine): void {
  const version = machine.reader.uint8();
  if (version > 5) throw machine.malformed('pickle protocol 0 to 5', `protocol ${version}`);
}

function newObjectWithKeywords(machine: PickleMachine): void {
  const keywords = machine.pop();
  if (keywords instanceof Map && keywords.size === 0) machine.reduce();
  else throw machine.malformed('no keyword arguments', describeValue(keywords));
}

/** A mark, arguments, and the class by name. */
function instance(machine: PickleMachine): void {
  const callee = machine.global(machine.reader.line(), machine.reader.line()).pop();
  machine.call(callee, machine.popToMark());
}

/** A mark, the class, and its arguments. */
function object(machine: PickleMachine): void {
  const [callee = null, ...args] = machine.popToMark();
  machine.call(callee, args);
}

function textInteger(reader: PickleReader): PickleValue {
  const text = reader.line();
  // protocol 0 writes the booleans as integers with a leading zero
  if (text === '00' || text === '01') return text === '01';
  if (/^[+-]?\d{1,80}L?$/.test(text)) return normalInteger(BigInt(text.replace(/^\+|L$/g, '')));
  throw reader.malformed('an integer', quoted(text));
}

function textFloat(reader: PickleReader): PickleValue {
  const text = reader.line();
  const words: ReadonlyMap<string, number> = new Map([
    ['inf', Infinity],
    ['-inf', -Infinity],
    ['nan', NaN],
  ]);
  const value = words.get(text) ?? Number(/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? text : NaN);
  if (Number.isNaN(value) && text !== 'nan') throw reader.malformed('a number', quoted(text));
  return value;
}

function lineNumber(reader: PickleReader): number {
  const text = reader.line();
  if (!/^\d{1,9}$/.test(text)) throw reader.malformed('the number of a stored value', quoted(text));
  return Number(text);
}

/** Protocol 0 strings are in quotes. Escapes stay as they are: no name that matters here has any. */
function textString(reader: PickleReader): PickleValue {
  const text = reader.line();
  const match = /^(['"])(.*)\1$/.exec(text);
  if (match === null) throw reader.malformed('a string in quotes', quoted(text));
  return match[2];
}
