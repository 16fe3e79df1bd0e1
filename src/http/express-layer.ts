/** A layer of a router of Express 4 (`regexp`) or 5 (`matchers`, and from router 2.3 on `rawPath`). */
export interface RouterLayer {
  readonly route?: unknown;
  readonly handle?: unknown;
  readonly regexp?: RegExp & { readonly fast_slash?: boolean; readonly fast_star?: boolean };
  readonly keys?: readonly { readonly name?: unknown }[];
  readonly rawPath?: unknown;
  readonly matchers?: readonly Matcher[];
  readonly slash?: boolean;
}

type Matcher = (path: string) => { readonly path: string; readonly params: object } | false;
type Parameter = readonly [name: string, value: string];

interface Match {
  readonly template: string;
  /** How much of the path it took. */
  readonly length: number;
}

/** What a layer takes of the beginning of a path, and by which template. */
export function matchLayer(layer: RouterLayer, path: string): Match | undefined {
  if (layer.slash === true || layer.regexp?.fast_slash === true) return { template: '', length: 0 };
  if (layer.regexp !== undefined) return matchRegExp(layer, layer.regexp, path);
  const patterns = Array.isArray(layer.rawPath) ? layer.rawPath : [layer.rawPath];
  for (const [index, matcher] of (layer.matchers ?? []).entries()) {
    const match = matcher(path);
    if (match === false) continue;
    const pattern: unknown = patterns[index];
    if (typeof pattern === 'string') return { template: pattern, length: match.path.length };
    if (pattern instanceof RegExp) return { template: String(pattern), length: match.path.length };
    const read = (text: string): Parameter[] => {
      const { params } = matcher(text) || { params: {} };
      return Object.entries(params).map(([name, value]) => [name, rawOf(value)]);
    };
    return named(layer, match.path, read);
  }
  return undefined;
}

function matchRegExp({ keys = [] }: RouterLayer, regexp: RegExp, path: string): Match | undefined {
  const matched = regexp.exec(path)?.[0];
  if (matched === undefined) return undefined;
  const read = (text: string): Parameter[] => {
    const [, ...values] = regexp.exec(text) ?? [];
    return values.flatMap((value, at) => (value === undefined ? [] : [[String(keys[at]?.name ?? at), value] as const]));
  };
  return named(regexp, matched, read);
}

/** A parameter of several parts is a list. */
function rawOf(value: unknown): string {
  return (Array.isArray(value) ? value : [value]).map((part) => encodeURIComponent(String(part))).join('/');
}

/** By what was found of a layer, without the case of its letters: the spelling of one request must not make a new route. */
const spellings = new WeakMap<object, Map<string, string>>();
const MAX_TEMPLATES = 20;

/**
 * Before router 2.3 a layer forgets its template. It is what was matched, with the names of the parameters in the place
 * of their values; that this is their place is tried with other values.
 */
function named(layer: object, matched: string, read: (path: string) => readonly Parameter[]): Match | undefined {
  let template = '';
  let rest = matched;
  for (const [at, [name, value]] of read(matched).entries()) {
    const place = placeOf(value, rest, (other) => {
      const tried = read(template.replaceAll(/:(\w+)/g, PROBE) + other);
      return tried[at]?.[1];
    });
    if (place === undefined) return undefined;
    template += `${rest.slice(0, place)}:${name}`;
    rest = rest.slice(place + value.length);
  }
  template = `${template}${rest}`.replace(/\/$/, '');
  let known = spellings.get(layer);
  if (known === undefined) {
    known = new Map();
    spellings.set(layer, known);
  }
  const spelled = known.get(template.toLowerCase());
  if (spelled !== undefined) return { template: spelled, length: matched.length };
  if (known.size >= MAX_TEMPLATES) return undefined;
  known.set(template.toLowerCase(), template);
  return { template, length: matched.length };
}

/** Fits parameters of letters and of digits. */
const PROBE = '7';
const PROBE_MARK = '77';

/** Where in `rest` the value stands: a literal before it may read the same. */
function placeOf(value: string, rest: string, read: (path: string) => string | undefined): number | undefined {
  for (let at = rest.indexOf(value); at >= 0 && value !== ''; at = rest.indexOf(value, at + 1)) {
    const other = `${rest.slice(0, at)}${PROBE_MARK}${rest.slice(at + value.length)}`;
    if (read(other) === PROBE_MARK) return at;
  }
  return undefined;
}
