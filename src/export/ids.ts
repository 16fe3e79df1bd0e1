import type { IdGenerator } from '@opentelemetry/sdk-trace';

/** By value: the character code of a hexadecimal digit. */
const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const NONE = '0'.repeat(16);
const LEAST = NONE.replace(/0$/, '1');
const { fromCharCode } = String;

/**
 * Ids at random, as those of the SDK (https://www.w3.org/TR/trace-context/#trace-id), which writes each into a buffer and has
 * Node read it back: in the middle of an application's work that was two fifths of starting a span.
 */
export const ids: IdGenerator = {
  generateTraceId: () => notZero() + digits(),
  generateSpanId: notZero,
};

/** Ids of zeros alone are none; where a test of the application has taken chance away, all may be such. */
function notZero(): string {
  const id = digits();
  return id === NONE ? LEAST : id;
}

/** 64 bits. */
function digits(): string {
  const high = Math.random() * 2 ** 32;
  const low = Math.random() * 2 ** 32;
  return fromCharCode(
    digit(high, 28),
    digit(high, 24),
    digit(high, 20),
    digit(high, 16),
    digit(high, 12),
    digit(high, 8),
    digit(high, 4),
    digit(high, 0),
    digit(low, 28),
    digit(low, 24),
    digit(low, 20),
    digit(low, 16),
    digit(low, 12),
    digit(low, 8),
    digit(low, 4),
    digit(low, 0),
  );
}

function digit(bits: number, shift: number): number {
  return DIGITS[(bits >>> shift) & 0xf] as number;
}
