type Exporters = typeof import('./otlp-proto.ts');

/**
 * The exporters of one encoding, loaded only when they are wanted. By `import`: what is required comes through the hooks
 * of loaders such as tsx as CommonJS, and brings second copies of the SDK, the API and the core with it.
 */
export async function otlpExporters(protocol: 'http/protobuf' | 'http/json'): Promise<Exporters> {
  // Both have the same exporters, of which TypeScript sees that their private parts are declared apart.
  const loaded: unknown = protocol === 'http/json' ? await import('./otlp-json.ts') : await import('./otlp-proto.ts');
  return loaded as Exporters;
}
