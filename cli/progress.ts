import cliProgress from 'cli-progress';

import type { Progress, ProgressTask } from '../src/core/progress.js';
import type { Stream } from './output.js';

/** Seconds between two lines where there is no terminal to redraw. */
const plainInterval = 10;

/** Progress on a stream, and other lines that must not tear it. */
export interface Console extends Progress {
  note(line: string): void;
  /** Ends what is still drawn. */
  close(): void;
}

/** A bar with rate and time left on a terminal, a line every ten seconds elsewhere. @param now in milliseconds. */
export function consoleFor(stream: NodeJS.WritableStream & Stream, now = () => performance.now()): Console {
  const open = new Set<ProgressTask>();
  return {
    begin(task, total, unit, from = 0) {
      const pace = new Pace(task, total, unit, from, now);
      const drawn = stream.isTTY === true ? bar(stream, pace) : lines(stream, pace, now);
      const begun: ProgressTask = {
        update: (done, note) => {
          if (open.has(begun)) drawn.update(done, note);
        },
        end: () => {
          if (open.delete(begun)) drawn.end();
        },
      };
      open.add(begun);
      return begun;
    },
    note(line) {
      // the bar below is drawn again by its own timer
      stream.write(stream.isTTY === true && open.size > 0 ? `\r\u001b[K${line}\n` : `${line}\n`);
    },
    close() {
      for (const task of [...open]) task.end();
    },
  };
}

/** How fast a task goes. */
class Pace {
  readonly task: string;
  readonly total: number;
  readonly unit: string;
  readonly from: number;
  readonly #now: () => number;
  readonly #begun: number;
  done: number;

  constructor(task: string, total: number, unit: string, from: number, now: () => number) {
    this.task = task;
    this.total = total;
    this.unit = unit;
    this.from = from;
    this.done = from;
    this.#now = now;
    this.#begun = now();
  }

  get seconds(): number {
    return (this.#now() - this.#begun) / 1000;
  }

  /** Rate and time left, as far as they are known. */
  outlook(): string {
    const rate = (this.done - this.from) / this.seconds;
    if (!Number.isFinite(rate) || rate <= 0) return '';
    const left = this.done < this.total ? `, ${formatDuration((this.total - this.done) / rate)} left` : '';
    return `${formatRate(rate)} ${this.unit}/s${left}`;
  }
}

function bar(stream: NodeJS.WritableStream, pace: Pace): ProgressTask {
  const drawn = new cliProgress.SingleBar({
    stream,
    format: '{task} {bar} {value}/{total} {unit}  {outlook}  {note}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: false,
    gracefulExit: false, // signals are the frame's
  });
  const payload = (note: string): object => ({ task: pace.task, unit: pace.unit, outlook: pace.outlook(), note });
  drawn.start(pace.total, pace.from, payload(''));
  return {
    update(done, note = '') {
      pace.done = done;
      drawn.update(done, payload(note));
    },
    end: () => {
      drawn.stop();
    },
  };
}

function lines(stream: Stream, pace: Pace, now: () => number): ProgressTask {
  const { task, total, unit, from } = pace;
  let said = now();
  stream.write(`${task}: ${from === 0 ? '' : `from ${from} of `}${total} ${unit}\n`);
  return {
    update(done, note) {
      pace.done = done;
      if (now() - said < plainInterval * 1000) return;
      said = now();
      const parts = [`${task}: ${done} of ${total} ${unit}`, pace.outlook(), note ?? ''];
      stream.write(`${parts.filter((part) => part !== '').join(', ')}\n`);
    },
    end: () => {
      stream.write(`${task}: ${pace.done} of ${total} ${unit} in ${formatDuration(pace.seconds)}\n`);
    },
  };
}

/** Three digits are enough for a speed. */
function formatRate(rate: number): string {
  return rate >= 100 ? rate.toFixed(0) : rate.toPrecision(3);
}

/** @param seconds at least 0; the result has two units at most: `1 h 05 min`, `2 min 07 s`, `3 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
