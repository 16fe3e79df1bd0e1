// Records what it is told to, with instruments of its own meter.
import { metrics } from '@opentelemetry/api';
import { setup } from 'gaugeway/setup';
import { answer } from './answer.mjs';

const meter = metrics.getMeter('told', '1.0');
const record = {
  counter: (name, options, value, attributes) => meter.createCounter(name, options).add(value, attributes),
  'up-down': (name, options, value, attributes) => meter.createUpDownCounter(name, options).add(value, attributes),
  gauge: (name, options, value, attributes) => meter.createGauge(name, options).record(value, attributes),
  histogram: (name, options, value, attributes) =>
    meter
      .createHistogram(name, { ...options, advice: { explicitBucketBoundaries: [0.5, 1, 1000, 1e6, 1e21] } })
      .record(value, attributes),
};

answer({
  record(points) {
    for (const { kind, name, unit, value, attributes } of points) record[kind](name, { unit }, value, attributes);
  },
  flush: () => setup().flush(),
});
