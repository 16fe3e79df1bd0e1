import { type ResolveFnOutput, registerHooks } from 'node:module';

/** Where the files of this package are. */
const OWN = new URL('..', import.meta.url).href;
/** The package that a file belongs to. */
const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//;

/**
 * Loads modules of ours and of OpenTelemetry. For each import in each file Node looks whether the file is there, what it
 * links to and of which type it is, which was a third of the start-up; here the address says it, and a package is found
 * once for all files that import it from one package. Whatever is imported otherwise is left to Node, and so is all that
 * comes after: the application's own modules.
 */
export function withQuickResolution<T>(load: () => T): T {
  const found = new Map<string, ResolveFnOutput>();
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const { parentURL: parent } = context;
      // A Set in some versions of Node 22.
      const conditions = Array.from(context.conditions);
      if (parent === undefined || !conditions.includes('import')) return next(specifier, context);
      const isOwn = parent.startsWith(OWN);
      if (specifier.startsWith('.')) {
        const isModule = specifier.endsWith('.mjs') || (isOwn && specifier.endsWith('.js'));
        if (!isModule) return next(specifier, context);
        return { url: new URL(specifier, parent).href, format: 'module', shortCircuit: true };
      }
      const from = isOwn ? OWN : PACKAGE.exec(parent)?.[0];
      if (from === undefined) return next(specifier, context);
      const key = `${specifier} ${from}`;
      const known = found.get(key);
      if (known !== undefined) return known;
      const resolved = next(specifier, context);
      found.set(key, { ...resolved, shortCircuit: true });
      return resolved;
    },
  });
  try {
    return load();
  } finally {
    hooks.deregister();
  }
}
