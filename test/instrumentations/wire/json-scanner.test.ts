import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileFields, type Facts, type Fields } from '../../../instrumentations/wire/json-fields.ts';
import { JsonScanner } from '../../../instrumentations/wire/json-scanner.ts';
import { cut } from './channels.ts';

const FIELDS: Fields = {
  a: 'a',
  b: { a: 'b.a', b: 'b.b', '*': { a: 'b.*.a[]', b: 'b.*.b+' } },
  c: { '*': 'c.*[]', '?': 'c?' },
  ab: { '?': 'ab?', a: 'ab.a' },
  __proto__x: 'proto',
  '*': { a: '*.a' },
};
const COMPILED = compileFields(FIELDS);

/** What the scanner must tell of a document that `JSON.parse` has read. */
function factsOf(value: unknown, fields: Fields | string, facts: Facts = {}): Facts {
  if (typeof fields === 'string') {
    if (!['string', 'number', 'boolean'].includes(typeof value)) return facts;
    if (fields.endsWith('[]')) {
      facts[fields] ??= [];
      const collected = facts[fields] as (string | number)[];
      if (typeof value !== 'boolean' && collected.length < 16) collected.push(value as string);
    } else if (fields.endsWith('+')) {
      facts[fields] = ((facts[fields] as number | undefined) ?? 0) + (typeof value === 'number' ? value : Number.NaN);
    } else facts[fields] = value as string;
    return facts;
  }
  if (typeof fields['?'] === 'string' && (typeof value === 'string' || (typeof value === 'object' && value !== null))) {
    facts[fields['?']] = true;
  }
  if (Array.isArray(value)) {
    for (const element of value) if (fields['*'] !== undefined) factsOf(element, fields['*'], facts);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      const wanted = key === '*' || key === '?' || !Object.hasOwn(fields, key) ? undefined : fields[key];
      if (wanted !== undefined) factsOf(inner, wanted, facts);
    }
  }
  return facts;
}

function scan(bytes: Buffer, places: readonly number[] = []): JsonScanner {
  const scanner = new JsonScanner(COMPILED);
  for (const piece of cut(bytes, places)) scanner.feed(piece);
  return scanner;
}

const scalar = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('"', '\\', '\ud800', '\u0000', '😀', 'x'.repeat(100), '\\"'),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const json = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5, withCrossShrink: true }, scalar, tie('array'), tie('object')),
  array: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', '*', '__proto__', 'ab', '', '"', 'é'), tie('value'), {
    maxKeys: 5,
  }),
})).value;
// A bare number has no end of its own, and no API answers with one.
const document = json.filter((value) => typeof value === 'object' && value !== null);
const indent = fc.constantFrom(undefined, 1, '\t', '\r\n ');
const places = fc.array(fc.nat(5000), { maxLength: 20 });

describe('JsonScanner', () => {
  it('tells of any document, however cut, exactly what JSON.parse finds at the wanted places', () => {
    fc.assert(
      fc.property(document, indent, places, (value, space, at) => {
        const text = JSON.stringify(value, null, space);
        const scanner = scan(Buffer.from(text), at);
        expect(scanner.complete).toBe(true);
        expect(scanner.facts).toEqual(factsOf(JSON.parse(text), FIELDS));
      }),
      { numRuns: 5000 },
    );
  });

  it('is complete neither before the last byte nor after one too many', () => {
    fc.assert(
      fc.property(document, fc.nat(), (value, at) => {
        const bytes = Buffer.from(JSON.stringify(value));
        expect(scan(bytes.subarray(0, at % bytes.length)).complete).toBe(false);
        expect(scan(Buffer.concat([bytes, Buffer.from(' \r\n\t')])).complete).toBe(true);
        expect(scan(Buffer.concat([bytes, Buffer.from(']')])).complete).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws on any bytes, and says the same however they are cut', () => {
    const noise = fc
      .array(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"',
          ':',
          ',',
          '\\',
          '"a"',
          '"b":',
          'NaN',
          '1e5',
          '-',
          'true',
          'nul',
          ' ',
          '\n',
          '\u0000',
          'é',
        ),
        {
          maxLength: 60,
        },
      )
      .map((parts) => Buffer.from(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(noise, fc.uint8Array({ maxLength: 200 }).map(Buffer.from)), places, (bytes, at) => {
        const whole = scan(bytes);
        const pieces = scan(bytes, at);
        expect([pieces.complete, pieces.malformed, pieces.oversized]).toEqual([
          whole.complete,
          whole.malformed,
          whole.oversized,
        ]);
        expect(pieces.facts).toEqual(whole.facts);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['a value that is later replaced by none', '{"a":"x","a":null}'],
    ['an object that is later replaced by an empty one', '{"b":{"a":1},"b":{}}'],
    ['an object that is later replaced by a number', '{"b":{"a":1},"b":2}'],
    ['a list that is later replaced', '{"c":["x"],"c":["y"]}'],
    ['a key of the prototype', '{"__proto__":{"a":1},"constructor":{"a":2}}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['every kind of escape', '{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9"}'],
    ['a number beyond all numbers', '{"a":1e999}'],
    ['an unwanted number of a thousand digits', `{"x":${'1'.repeat(1000)},"a":1}`],
  ])('reads %s as JSON.parse does', (_what, text) => {
    const scanner = scan(Buffer.from(text));
    expect(scanner.complete).toBe(true);
    expect(JSON.parse(JSON.stringify(scanner.facts))).toEqual(
      JSON.parse(JSON.stringify(factsOf(JSON.parse(text), FIELDS))),
    );
  });

  it.each([
    ['NaN', '{"a":NaN}'],
    ['Infinity', '{"a":-Infinity}'],
    ['a leading zero', '{"a":01}'],
    ['a leading plus', '{"a":+1}'],
    ['a hexadecimal number', '{"a":0x10}'],
    ['a bare word', '{"a":tru}'],
    ['single quotes', "{'a':1}"],
    ['a trailing comma', '{"a":1,}'],
    ['a missing comma', '{"a":1 "b":2}'],
    ['a missing colon', '{"a" 1}'],
    ['a bad escape', '{"a":"\\x"}'],
    ['a raw line feed in a string', '{"a":"x\ny"}'],
    ['brackets that do not match', '{"b":[1}'],
    ['two documents', '{"a":1}{"a":2}'],
    ['a text', 'upstream error'],
    ['nothing', ''],
  ])('takes no document with %s for whole', (_what, text) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(scan(Buffer.from(text)).complete).toBe(false);
  });

  it('walks a hundred thousand levels and strings of ten megabytes in constant memory', () => {
    const deep = 100_000;
    const nested = `{"x":${'['.repeat(deep)}${']'.repeat(deep)},"b":${'{"a":'.repeat(deep)}1${'}'.repeat(deep)},"a":7}`;
    expect(scan(Buffer.from(nested)).facts).toEqual({ a: 7 });
    const long = Buffer.from(`{"x":"${'\\"{'.repeat(3_500_000)}","a":"${'y'.repeat(10_000_000)}","b":{"a":7}}`);
    const scanner = scan(long, [1_000_001, 7_000_002, 12_345_678]);
    expect(scanner.facts).toEqual({ 'b.a': 7 });
    expect([scanner.complete, scanner.oversized]).toEqual([true, 1]);
  });
});
