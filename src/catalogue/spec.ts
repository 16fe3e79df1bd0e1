/** What kind of numbers an instrument takes. */
export type InstrumentKind = 'counter' | 'updown' | 'histogram' | 'gauge' | 'observable_counter' | 'observable_gauge';

/** One instrument, declared: views, typed instruments, documents, dashboards and alerts follow from it. */
export interface InstrumentSpec {
  readonly name: string;
  readonly kind: InstrumentKind;
  /** UCUM; `{thing}` for counts. */
  readonly unit: string;
  readonly description: string;
  /** The only attribute keys it may carry. */
  readonly attributes: readonly string[];
  /** Histogram boundaries, in the instrument's unit. */
  readonly buckets?: readonly number[];
  /** True for whole numbers. */
  readonly integer?: boolean;
  /** True for a name of a convention that other instrumentations record too: they get our boundaries. */
  readonly shared?: boolean;
  /** True where whole distributions are added, which the metrics API cannot do. */
  readonly distributed?: boolean;
  /** True where monitors of the application record too: tags that are allow-listed join the attributes. */
  readonly tagged?: boolean;
  /** Written only with this generation of the GenAI convention's names. */
  readonly profile?: 'v1.41' | 'latest';
}
