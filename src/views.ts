import {
  AggregationType,
  createAllowListAttributesProcessor,
  InstrumentType,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { boundariesOf } from './boundaries.ts';
import { catalogue, type InstrumentKind, type InstrumentSpec } from './catalogue/index.ts';
import { VERSION } from './version.ts';

const METER = 'gaugeway';

const TYPES: Record<InstrumentKind, InstrumentType> = {
  counter: InstrumentType.COUNTER,
  updown: InstrumentType.OBSERVABLE_UP_DOWN_COUNTER,
  histogram: InstrumentType.HISTOGRAM,
  gauge: InstrumentType.GAUGE,
  observable_counter: InstrumentType.OBSERVABLE_COUNTER,
  observable_gauge: InstrumentType.OBSERVABLE_GAUGE,
};

/**
 * A view per histogram of the catalogue, with its boundaries and its attributes. The SDK counts a measurement once for
 * every view that matches, so a view of the user's that matches one of our instruments takes the place of ours.
 *
 * @param monitorTags keys of tags of monitors that are attributes too
 */
export function createViews(
  userViews: readonly ViewOptions[] = [],
  monitorTags: readonly string[] = [],
): ViewOptions[] {
  const specs: InstrumentSpec[] = Object.values(catalogue);
  const ours = specs
    .filter(
      (spec) =>
        spec.buckets !== undefined && spec.distributed !== true && !userViews.some((view) => selects(view, spec)),
    )
    .map(
      (spec): ViewOptions => ({
        instrumentName: spec.name,
        instrumentType: TYPES[spec.kind],
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: boundariesOf(spec) },
        },
        // Others that record the same instrument may tell more than we do.
        ...(spec.shared === true
          ? {}
          : {
              meterName: METER,
              attributesProcessors: [createAllowListAttributesProcessor([...attributeKeysOf(spec, monitorTags)])],
            }),
      }),
    );
  return [...ours, ...userViews];
}

/**
 * As the SDK selects; our meter has no schema, which matches every `meterSchemaUrl`. A view of ours for a shared name
 * matches every meter, so it gives way to a view for any of them; the advice of our instrument says the same.
 */
export function selects(view: ViewOptions, spec: InstrumentSpec): boolean {
  return (
    (view.instrumentName === undefined || matches(view.instrumentName, spec.name)) &&
    (view.instrumentType === undefined || view.instrumentType === TYPES[spec.kind]) &&
    (view.instrumentUnit === undefined || view.instrumentUnit === spec.unit) &&
    (spec.shared === true ||
      ((view.meterName === undefined || view.meterName === METER) &&
        (view.meterVersion === undefined || view.meterVersion === VERSION)))
  );
}

/** As the SDK does it, its limits included: case counts, and only the first `*` is a wildcard. */
function matches(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  const source = pattern.replace(/[\^$\\.+?()[\]{}|]/g, '\\$&').replace('*', '.*');
  return new RegExp(`^${source}$`).test(name);
}

/** The attribute keys that an instrument may carry: those of its row and, where monitors record, the allow-listed tags. */
function attributeKeysOf(spec: InstrumentSpec, monitorTags: readonly string[]): readonly string[] {
  return spec.tagged === true ? [...spec.attributes, ...monitorTags] : spec.attributes;
}
