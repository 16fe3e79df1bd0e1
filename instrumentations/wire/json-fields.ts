/**
 * Which values of a JSON document are wanted: keys lead to further keys, `*` to the elements of an array, and a string
 * names the fact that the value becomes. A name ending in `[]` collects several, one ending in `+` is the sum of
 * numbers. The fact under `?` is true where the value is a text, an object or an array, whatever it holds.
 */
export interface Fields {
  readonly [key: string]: Fields | string;
}

/** The wanted values of one document. */
export type Facts = Record<string, string | number | boolean | readonly (string | number)[] | undefined>;

/** `Fields` in the form that the scanner walks. */
export interface CompiledFields {
  readonly keys: readonly { readonly bytes: Uint8Array; readonly node: CompiledFields }[];
  readonly element: CompiledFields | undefined;
  readonly fact: string | undefined;
  /** The fact that there is something. */
  readonly presence: string | undefined;
  /** The facts of this value and of all within. */
  readonly within: readonly string[];
  /** Facts of which none is known: what is copied from it is of one shape, which is quick to read and to write. */
  readonly unknown: Facts;
}

/** Makes fields ready to be looked for. */
export function compileFields(fields: Fields | string): CompiledFields {
  if (typeof fields === 'string') {
    return { keys: [], element: undefined, fact: fields, presence: undefined, within: [fields], unknown: {} };
  }
  const { '*': wantedElement, '?': wantedPresence, ...wantedKeys } = fields;
  const keys = Object.entries(wantedKeys).map(([key, value]) => ({
    bytes: Buffer.from(key),
    node: compileFields(value),
  }));
  const element = wantedElement === undefined ? undefined : compileFields(wantedElement);
  const presence = typeof wantedPresence === 'string' ? wantedPresence : undefined;
  const own = presence === undefined ? [] : [presence];
  const within = [...keys.flatMap(({ node }) => node.within), ...(element?.within ?? []), ...own];
  const unknown = Object.fromEntries(within.map((fact) => [fact, undefined]));
  return { keys, element, fact: undefined, presence, within, unknown };
}
