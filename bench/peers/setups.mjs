import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { HEAP, register } from '../processes.mjs';
import { LEAST } from '../report.mjs';
import { ANSWER } from './upstream.mjs';

const load = createRequire(import.meta.url);
const preload = ['--require', fileURLToPath(new URL('./instrument.cjs', import.meta.url))];

const PEERS = ['opentelemetry contrib', 'traceloop', 'openlit', 'openinference'];
/** What is compared, `bare` first and last: the two differ by noise alone. */
export const SETUPS = ['bare', 'gaugeway', ...PEERS, LEAST, 'bare again'];
/** By the folder's name a hook knows the package, so an alias would hide it. */
export const OPENAI = {
  'openai 6': load.resolve('openai'),
  'openai 7': createRequire(new URL('../../package.json', import.meta.url)).resolve('openai'),
};
/** Of one stream. */
export const EVENTS = 5000;

/** How a process of this set-up is started. */
export function processOf(setup, openai, upstream) {
  const isBare = setup.startsWith('bare');
  const flags = setup === 'gaugeway' ? ['--import', register] : isBare ? [] : preload;
  const env = {
    BENCH_URL: upstream.url,
    BENCH_COLLECTOR: upstream.url,
    BENCH_PEER: setup,
    BENCH_OPENAI: openai,
    BENCH_ANSWER: ANSWER,
    BENCH_EVENTS: String(EVENTS),
    OTEL_EXPORTER_OTLP_ENDPOINT: upstream.url,
    // Compressed or not, all send alike.
    OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
  };
  return { flags: ['--no-warnings', ...HEAP, ...flags], env };
}
