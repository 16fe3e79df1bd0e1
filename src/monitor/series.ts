import type { Metadata } from './metadata.ts';
import { Ring } from './ring.ts';
import type { Run } from './run.ts';
import type { Tags } from './tags.ts';
import { Windows } from './windows.ts';

/** Everything kept of one name with one set of tags. */
export class Series {
  readonly tags: Tags;
  /** How many values each recorded one stands for: 10 where one in ten is recorded. */
  readonly weight: number;
  readonly ring: Ring;
  readonly windows = new Windows();

  constructor(tags: Tags, weight: number, maxMeasurements: number) {
    this.tags = tags;
    this.weight = weight;
    this.ring = new Ring(maxMeasurements);
  }

  add(run: Run, metadata: Metadata | undefined): void {
    this.ring.add(run, metadata);
    this.windows.add(run);
  }
}
