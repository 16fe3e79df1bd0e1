/** How JSON looks on the wire: JavaScript's way, Python's `json.dumps`, or Google's servers'. */
export type JsonStyle = 'compact' | 'spaced' | 'google';

const SEPARATORS = { compact: [',', ':'], spaced: [', ', ': '], google: [',', ': '] } as const;

/** Like `JSON.stringify`, in another server's style, and with NaN written as Python writes it. */
export function writeJson(value: unknown, style: JsonStyle): string {
  const [comma, colon] = SEPARATORS[style];
  const write = (item: unknown): string => {
    if (typeof item === 'number' && Number.isNaN(item)) return 'NaN';
    if (Array.isArray(item)) return `[${item.map(write).join(comma)}]`;
    if (typeof item !== 'object' || item === null) return JSON.stringify(item) ?? 'null';
    const fields = Object.entries(item).filter(([, field]) => field !== undefined);
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}${colon}${write(field)}`).join(comma)}}`;
  };
  return write(value);
}

/** Indented JSON with NaN as in `writeJson`. */
export function writePrettyJson(value: unknown): string {
  const marker = '\u0000NaN';
  const text = JSON.stringify(
    value,
    (_key, field: unknown) => (typeof field === 'number' && Number.isNaN(field) ? marker : field),
    2,
  );
  return text.replaceAll(JSON.stringify(marker), 'NaN');
}
