import { isValidSpanId, isValidTraceId } from '@opentelemetry/api';
import { afterEach, expect, it, vi } from 'vitest';
import { ids } from '../../src/export/ids.ts';

const { generateTraceId, generateSpanId } = ids;

afterEach(() => {
  vi.restoreAllMocks();
});

it('makes ids that are valid, and never the same one twice', () => {
  const made = { traces: new Set<string>(), spans: new Set<string>() };
  for (let count = 0; count < 10_000; count++) {
    made.traces.add(generateTraceId());
    made.spans.add(generateSpanId());
  }
  expect([...made.traces].filter(isValidTraceId)).toHaveLength(10_000);
  expect([...made.spans].filter(isValidSpanId)).toHaveLength(10_000);
});

it('uses every digit at every place, as often as chance has it', () => {
  const all = Array.from({ length: 16_000 }, () => generateTraceId());
  for (let place = 0; place < 32; place++) {
    const counts = new Map<string, number>();
    for (const id of all) counts.set(id[place] as string, (counts.get(id[place] as string) ?? 0) + 1);
    expect([...counts.keys()].sort().join('')).toBe('0123456789abcdef');
    // 1000 each, with a deviation of 31: eight of those never happen.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(250);
  }
});

it('makes valid ids where a test of the application has put something else in the place of chance', () => {
  for (const drawn of [0, 1, Number.NaN]) {
    vi.spyOn(Math, 'random').mockReturnValue(drawn);
    expect(generateTraceId()).toMatch(/^0{15}10{16}$/);
    expect(generateSpanId()).toBe('0000000000000001');
  }
  vi.spyOn(Math, 'random').mockReturnValue(1 - 2 ** -53);
  expect(generateTraceId()).toBe('f'.repeat(32));
});
