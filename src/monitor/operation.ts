import type { Series } from './series.ts';
import { SeriesTable } from './series-table.ts';

/** One operation of a monitor: its name, how much of it is measured, and its series by tags. */
export class Operation {
  readonly name: string;
  /** Share of its runs that are measured. */
  readonly rate: number;
  readonly series: SeriesTable;

  constructor(name: string, rate: number, create: (tags: Series['tags'], weight: number) => Series, maxSeries: number) {
    this.name = name;
    this.rate = rate;
    this.series = new SeriesTable((tags) => create(tags, 1 / rate), maxSeries);
  }
}
