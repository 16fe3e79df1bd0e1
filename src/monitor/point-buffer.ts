import type { Timeline } from './clock.ts';
import type { MetricPoint, PointType } from './points.ts';
import type { Tags } from './tags.ts';

const FIRST_CAPACITY = 64;

/** The points since the last flush, the most recent ones up to a limit. */
export class PointBuffer {
  readonly #limit: number;
  readonly #timeline: Timeline;
  #values = new Float64Array(0);
  #times = new Float64Array(0);
  #types: PointType[] = [];
  #tags: Tags[] = [];
  #jobIds: (string | undefined)[] = [];
  #next = 0;
  #size = 0;
  /** Points that left before a flush since the last time that this was asked. */
  overflowed = 0;

  constructor(limit: number, timeline: Timeline) {
    this.#limit = limit;
    this.#timeline = timeline;
  }

  get size(): number {
    return this.#size;
  }

  add(type: PointType, time: number, value: number, tags: Tags, jobId: string | undefined): void {
    if (this.#next === this.#values.length) this.#makeRoom();
    const at = this.#next++;
    this.#values[at] = value;
    this.#times[at] = time;
    this.#types[at] = type;
    this.#tags[at] = tags;
    this.#jobIds[at] = jobId;
    if (this.#size < this.#values.length) this.#size++;
    else this.overflowed++;
  }

  /** From the oldest to the newest. */
  points(): MetricPoint[] {
    const oldest = this.#size < this.#values.length ? 0 : this.#next;
    return Array.from({ length: this.#size }, (_, i) => this.#point((oldest + i) % this.#size));
  }

  clear(): void {
    this.#next = 0;
    this.#size = 0;
    // What they held may be given back.
    this.#tags = [];
    this.#jobIds = [];
  }

  #point(at: number): MetricPoint {
    const jobId = this.#jobIds[at];
    const tags = this.#tags[at] as Tags;
    return {
      type: this.#types[at] as PointType,
      value: this.#values[at] as number,
      timestamp: this.#timeline.timestampOf(this.#times[at] as number),
      tags: jobId === undefined ? { ...tags } : { ...tags, jobId },
    };
  }

  #makeRoom(): void {
    const { length } = this.#values;
    if (length === this.#limit) {
      this.#next = 0;
      return;
    }
    const capacity = Math.min(this.#limit, Math.max(FIRST_CAPACITY, length * 2));
    const [values, times] = [new Float64Array(capacity), new Float64Array(capacity)];
    values.set(this.#values);
    times.set(this.#times);
    this.#values = values;
    this.#times = times;
  }
}
