import { PickleMachine, type PersistentLoad } from './pickle-machine.js';
import { literals, operations, refusedOpcodes, stop } from './pickle-opcodes.js';
import { PickleReader } from './pickle-reader.js';
import type { PickleValue } from './pickle-value.js';

/** A pickle that was read to its end. */
export interface Unpickled {
  readonly value: PickleValue;
  /** Where the bytes after it start. */
  readonly end: number;
}

/**
 * Reads one pickle of protocol 0 to 5. Nothing is imported and nothing is run: the machine knows plain data and the
 * names of `pickle-globals.ts`.
 *
 * @throws InputError `hostile` for any other name, and for what would exhaust memory or time; `malformed` for a pickle
 * that breaks its own rules.
 * @throws PickleCutShort when the bytes end before the pickle does.
 */
export function unpickle(file: string, bytes: Uint8Array, start: number, persistentLoad: PersistentLoad): Unpickled {
  const reader = new PickleReader(file, bytes, start);
  const machine = new PickleMachine(reader, persistentLoad);
  for (;;) {
    machine.spend(1);
    const code = reader.uint8();
    if (code === stop) return { value: machine.pop(), end: reader.position };
    const literal = literals.get(code);
    const operation = operations.get(code);
    if (literal !== undefined) machine.push(literal(reader));
    else if (operation !== undefined) operation(machine);
    else throw machine.malformed('opcodes that checkpoints use', refusedOpcodes.get(code) ?? `opcode ${code}`);
  }
}
