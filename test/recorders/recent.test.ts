import { expect, it } from 'vitest';
import { Recent } from '../../src/recorders/recent.ts';

it('keeps the latest of many, as many as it should and not twice as many', () => {
  const recent = new Recent<number>(100);
  const kept = () =>
    Array.from({ length: 1000 }, (_, index) => recent.get(`k${index}`)).filter((value) => value !== undefined);
  for (let index = 0; index < 1000; index++) {
    recent.set(`k${index}`, index);
    const from = Math.max(0, index - 98);
    for (const near of [from, index]) expect(recent.get(`k${near}`)).toBe(near);
  }
  expect(kept().length).toBeLessThan(200);
  recent.set('k999', -1);
  expect(recent.get('k999')).toBe(-1);
  recent.delete('k999');
  expect(recent.get('k999')).toBeUndefined();
});
