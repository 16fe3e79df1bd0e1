import type { Instruments } from '../instruments.ts';
import type { QueueSize } from '../observations.ts';
import type { BoundedAttributes } from './attributes.ts';

/** The newest size of every queue and state: a gauge shows it for as long as it holds. */
export class QueueSizes {
  readonly #sizes = new Map<string, QueueSize>();

  keep(size: QueueSize): void {
    this.#sizes.set(JSON.stringify([size.system, size.queue, size.state]), size);
  }

  observe(to: Instruments, attributes: BoundedAttributes): void {
    const of = (size: QueueSize) => attributes.queue(size).given('gaugeway.job.state', size.state);
    to.observe('jobQueueSize', (report) => {
      for (const size of this.#valid()) report(size.count, of(size));
    });
    to.observe('jobQueueOldestAge', (report) => {
      for (const size of this.#valid()) {
        if (size.oldestAgeMs !== undefined) report(size.oldestAgeMs / 1000, of(size));
      }
    });
  }

  *#valid(): Iterable<QueueSize> {
    const now = Date.now();
    for (const [key, size] of this.#sizes) {
      if (now - size.time <= size.validForMs) yield size;
      else this.#sizes.delete(key);
    }
  }
}
