import type { InstrumentSpec } from './catalogue/index.ts';

/** The attribute keys that an instrument may carry: those of its row and, where monitors record, the allow-listed tags. */
export function attributeKeysOf(spec: InstrumentSpec, monitorTags: readonly string[]): readonly string[] {
  return spec.tagged === true && monitorTags.length > 0 ? [...spec.attributes, ...monitorTags] : spec.attributes;
}
