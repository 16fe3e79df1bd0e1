import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/**
 * The exporters of one encoding, loaded only when they are wanted. They come through modules of ours: required directly
 * they are CommonJS, and bring second copies of the SDK, the API and the core with them, which doubles the start-up.
 */
export function otlpExporters(protocol: 'http/protobuf' | 'http/json'): typeof import('./otlp-proto.ts') {
  return load(protocol === 'http/json' ? './otlp-json.js' : './otlp-proto.js') as typeof import('./otlp-proto.ts');
}
