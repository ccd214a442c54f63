import { lookUpGlobal, PickleCallError } from './pickle-globals.js';
import type { PickleReader } from './pickle-reader.js';
import { describeValue, isKind, type PickleDict, type PickleValue } from './pickle-value.js';
import { quoted, refuse } from './refusal.js';

/** Turns a persistent id, which names something outside the pickle, into a value. */
export type PersistentLoad = (id: PickleValue) => PickleValue;

// A wrapper with optimizer state of the largest CLIP needs about a tenth of these.
const limits = { operations: 8_000_000, containers: 250_000, stack: 1_000_000, memo: 1_000_000, marks: 1_000 } as const;

/**
 * Stack, marks and memo of a pickle, with bounds on all of them. Methods return the machine, so that the table of
 * opcodes has a line for each.
 */
export class PickleMachine {
  readonly reader: PickleReader;
  readonly #persistentLoad: PersistentLoad;
  readonly #stack: PickleValue[] = [];
  /** Stack heights at which MARK was seen. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #containers = 0;
  #work = 0;

  constructor(reader: PickleReader, persistentLoad: PersistentLoad) {
    this.reader = reader;
    this.#persistentLoad = persistentLoad;
  }

  /** Counts work against the limit: one for an opcode, more where one opcode copies much. */
  spend(work: number): this {
    this.#work += work;
    if (this.#work > limits.operations) throw this.#tooMuch('operations', limits.operations);
    return this;
  }

  push(value: PickleValue): this {
    if (this.#stack.length >= limits.stack) throw this.#tooMuch('values on the stack', limits.stack);
    this.#stack.push(value);
    return this;
  }

  /** Pushes a new list, dict, set or object; these are what take memory. */
  pushContainer(value: PickleValue): this {
    this.#containers += 1;
    if (this.#containers > limits.containers) throw this.#tooMuch('lists, tuples and dicts', limits.containers);
    return this.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.pop() : undefined;
    if (value === undefined) throw this.malformed('a value on the stack', 'an empty stack');
    return value;
  }

  top(): PickleValue {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.at(-1) : undefined;
    if (value === undefined) throw this.malformed('a value on the stack', 'an empty stack');
    return value;
  }

  mark(): this {
    if (this.#marks.length >= limits.marks) throw this.#tooMuch('nested marks', limits.marks);
    this.#marks.push(this.#stack.length);
    return this;
  }

  popToMark(): PickleValue[] {
    const height = this.#marks.pop();
    if (height === undefined) throw this.malformed('a mark on the stack', 'none');
    return this.#stack.splice(height);
  }

  /** POP also takes back a mark that nothing was pushed on. */
  discard(): this {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.pop();
    return this;
  }

  get(index: number): this {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.malformed('a value that was stored before', `memo ${index}`);
    return this.push(value);
  }

  put(index: number): this {
    if (this.#memo.size >= limits.memo) throw this.#tooMuch('stored values', limits.memo);
    this.#memo.set(index, this.top());
    return this;
  }

  memoize(): this {
    return this.put(this.#memo.size);
  }

  /** A tuple of the `length` values on top. */
  tuple(length: number): this {
    return this.pushContainer(Array.from({ length }, () => this.pop()).reverse());
  }

  append(items: readonly PickleValue[]): this {
    const target = this.top();
    if (!Array.isArray(target)) throw this.malformed('a list to append to', describeValue(target));
    for (const item of items) target.push(item);
    return this;
  }

  addToSet(items: readonly PickleValue[]): this {
    const target = this.top();
    if (!(target instanceof Set)) throw this.malformed('a set to add to', describeValue(target));
    for (const item of items) target.add(item);
    return this;
  }

  setItem(): this {
    const value = this.pop();
    return this.setItems([this.pop(), value]);
  }

  setItems(items: readonly PickleValue[]): this {
    const target = this.top();
    if (!(target instanceof Map)) throw this.malformed('a dict to fill', describeValue(target));
    this.#fill(target, items);
    return this;
  }

  dict(items: readonly PickleValue[]): this {
    const dict: PickleDict = new Map();
    this.#fill(dict, items);
    return this.pushContainer(dict);
  }

  global(module: string, name: string): this {
    const found = lookUpGlobal(module, name);
    if (found !== undefined) return this.push(found);
    throw refuse('hostile', this.reader.file, {
      expected: 'a pickle of tensors and plain containers',
      received: `a reference to ${quoted(`${module}.${name}`)}, which Python would import and could run`,
      fix: 'Do not load this file with Python. If you made it, save `model.state_dict()` alone.',
    });
  }

  stackGlobal(): this {
    const name = this.pop();
    const module = this.pop();
    if (typeof module === 'string' && typeof name === 'string') return this.global(module, name);
    throw this.malformed('two strings that name a global', `${describeValue(module)} and ${describeValue(name)}`);
  }

  /** Calls what lies below the arguments on the stack. */
  reduce(): this {
    const args = this.pop();
    return this.call(this.pop(), args);
  }

  call(callee: PickleValue, args: PickleValue): this {
    if (!isKind(callee, 'global') || callee.call === undefined) {
      throw refuse('hostile', this.reader.file, {
        expected: 'calls to functions that build tensors and containers',
        received: `a call of ${describeValue(callee)}`,
        fix: 'Do not load this file with Python.',
      });
    }
    if (!Array.isArray(args))
      throw this.malformed(`a tuple of arguments for ${quoted(callee.name)}`, describeValue(args));
    // copying a long container again and again would cost far more than the file's size
    for (const arg of args) this.spend(Array.isArray(arg) ? arg.length : arg instanceof Map ? arg.size : 1);
    try {
      return this.pushContainer(callee.call(args));
    } catch (thrown) {
      if (!(thrown instanceof PickleCallError)) throw thrown;
      throw this.malformed(`arguments that ${callee.name} takes`, thrown.message);
    }
  }

  /** What `__setstate__` would do: attributes of inert objects are kept, those of dicts (`_metadata`) dropped. */
  build(): this {
    const state = this.pop();
    const target = this.top();
    if (target instanceof Map || isKind(target, 'opaque')) return this;
    if (!isKind(target, 'bag')) throw this.malformed('an object that takes attributes', describeValue(target));
    if (!(state instanceof Map)) return this; // a state of the class's own making: nothing that could be weights
    this.spend(state.size);
    for (const [name, value] of state) target.attributes.set(name, value);
    return this;
  }

  persistent(): this {
    return this.pushContainer(this.#persistentLoad(this.pop()));
  }

  malformed(expected: string, received: string): Error {
    return this.reader.malformed(expected, received);
  }

  #fill(target: PickleDict, items: readonly PickleValue[]): void {
    if (items.length % 2 !== 0) throw this.malformed('keys and values in pairs', `${items.length} of them`);
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }

  #tooMuch(what: string, limit: number): Error {
    return refuse('hostile', this.reader.file, {
      expected: `at most ${limit} ${what}`,
      received: 'more',
      fix: 'The file is made to exhaust memory or time.',
    });
  }
}
