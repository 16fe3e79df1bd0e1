import { describe, expect, it } from 'vitest';
import { catalogue, type InstrumentSpec } from '../../src/catalogue/index.ts';

const specs = Object.entries(catalogue) as [string, InstrumentSpec][];
const BASE_UNITS = /^(s|By|1|\{USD\}|\{[a-z_]+\}(\/s)?)$/;
/** Attributes that would make a series per request, or hold content. */
const UNBOUNDED = /(\.id$|\.ids$|url\.full|message|prompt|stack|user)/;

describe('the catalogue', () => {
  it('names every instrument once', () => {
    const names = specs.map(([, spec]) => spec.name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(specs)('%s follows the naming rules', (_id, spec) => {
    expect(spec.name).toMatch(/^(gen_ai|http|db|process|gaugeway)(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)+$/);
    expect(spec.name).not.toMatch(/_(seconds|bytes|total|ms)$/);
    expect(spec.unit).toMatch(BASE_UNITS);
    expect(spec.description).toMatch(/^[A-Z].{15,}\.$/s);
  });

  it.each(specs)('%s has attributes of few values', (_id, spec) => {
    // One number of the whole service, or of the process, has no attributes.
    if (spec.kind !== 'observable_gauge' && !spec.name.startsWith('process.'))
      expect(spec.attributes.length).toBeGreaterThan(0);
    expect(new Set(spec.attributes).size).toBe(spec.attributes.length);
    for (const attribute of spec.attributes) expect(attribute).not.toMatch(UNBOUNDED);
  });

  it.each(specs)('%s has boundaries exactly when it is a histogram', (_id, spec) => {
    expect(spec.buckets !== undefined).toBe(spec.kind === 'histogram');
    const buckets = [...(spec.buckets ?? [])];
    expect(buckets).toEqual([...new Set(buckets)].sort((a, b) => a - b));
    expect(buckets.every((bound) => Number.isFinite(bound) && bound > 0)).toBe(true);
  });

  it('has every default threshold of requests and queries as a boundary', () => {
    const inSeconds = (...milliseconds: number[]) => milliseconds.map((ms) => ms / 1000);
    expect(catalogue.httpServerRequestDuration.buckets).toEqual(
      expect.arrayContaining(inSeconds(10, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000)),
    );
    expect(catalogue.dbOperationDuration.buckets).toEqual(
      expect.arrayContaining(inSeconds(5, 10, 25, 50, 75, 100, 150, 250, 500, 1000)),
    );
  });

  it('keeps error.type off the instruments where the convention forbids it', () => {
    expect(catalogue.tokenUsage.attributes).not.toContain('error.type');
    expect(catalogue.operationTimeToFirstChunk.attributes).not.toContain('error.type');
    expect(catalogue.operationDuration.attributes).toContain('error.type');
  });
});
