import {
  type Instrumentation,
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import { warn } from './diagnostics.ts';
import { noteHook } from './hooks.ts';
import { reportOnce } from './observe.ts';
import { VERSION } from './version.ts';
import { isWithin } from './version-range.ts';

/** A hook into a library: what it needs to know, and what it does once the library is there. */
export interface InstrumentationSpec<Options> {
  /** The npm name of the library, or the name of what is hooked where there is no module to load. */
  readonly library: string;
  /**
   * Tested versions, each range as `>=1.2 <3`; others are hooked too if their shape fits, which one line tells. Absent
   * where there is no module to load.
   */
  readonly versions?: readonly string[];
  /** Files of the library, by their path in it, that are handed to `hook` as well, where a process may load them alone. */
  readonly files?: readonly string[];
  /**
   * Functions that `hook` assigns others to. Where the library's exports cannot be assigned to (those of a compiled ES
   * module, or one that was required), the application gets others that can.
   */
  readonly replaces?: readonly string[];
  /**
   * Subscribes to the library or patches it, and returns the function that restores it; undefined when this copy of the
   * library does not have the expected shape.
   */
  readonly hook: (library: never, options: Options) => (() => void) | undefined;
}

/** Makes the factory of an instrumentation; the only subclass of OpenTelemetry's own base. */
export function defineInstrumentation<Options = Record<string, never>>(
  spec: InstrumentationSpec<Options>,
): (options?: Options) => Instrumentation {
  return (options) => {
    // Of every copy that was loaded: the base class remembers the last one alone.
    const restores = new Map<unknown, () => void>();
    class DefinedInstrumentation extends InstrumentationBase {
      // The base class calls this from its constructor, before any field of ours exists.
      protected override init() {
        if (spec.versions === undefined) return;
        const patch = <Library>(library: Library, version?: string): Library => {
          const open = spec.replaces === undefined ? library : assignable(library, spec.replaces);
          const restore = attach(spec, open, options, version);
          if (restore === undefined) return library;
          restores.set(open, restore);
          return open;
        };
        const unpatch = (library: unknown): void => {
          const restore = restores.get(library);
          // `disable` restores what is left: a hook that counts its copies must not count one twice.
          restores.delete(library);
          restore?.();
        };
        const files = spec.files?.map(
          (file) => new InstrumentationNodeModuleFile(`${spec.library}/${file}`, ['*'], patch, unpatch),
        );
        const definition = new InstrumentationNodeModuleDefinition(spec.library, ['*'], patch, unpatch, files);
        (definition as { includePrerelease?: boolean }).includePrerelease = true;
        return definition;
      }

      override enable(): void {
        super.enable();
        if (spec.versions !== undefined || restores.size > 0) return;
        const restore = attach(spec, undefined, options, undefined);
        if (restore !== undefined) restores.set(undefined, restore);
      }

      override disable(): void {
        super.disable();
        for (const restore of restores.values()) restore();
        restores.clear();
      }
    }
    noteHook(spec.library, undefined, 'idle');
    return new DefinedInstrumentation(`gaugeway/${spec.library}`, VERSION, { enabled: false });
  };
}

/** The exports themselves if they can be assigned to, else ones that can: the same values, under the same names. */
function assignable<Library>(library: Library, names: readonly string[]): Library {
  const exports = library as Record<string, unknown>;
  try {
    for (const name of names) {
      const { [name]: value } = exports;
      if (value !== undefined) exports[name] = value;
    }
    return library;
  } catch {
    const descriptors: PropertyDescriptorMap = Object.getOwnPropertyDescriptors(exports);
    for (const name of names) {
      const { enumerable = true } = descriptors[name] ?? {};
      if (name in exports) descriptors[name] = { value: exports[name], writable: true, configurable: true, enumerable };
    }
    return Object.create(Object.getPrototypeOf(exports), descriptors) as Library;
  }
}

/** Hooks one copy of the library. A failure leaves it as it was: the application must load all the same. */
function attach<Options>(
  spec: InstrumentationSpec<Options>,
  library: unknown,
  options: Options | undefined,
  version: string | undefined,
): (() => void) | undefined {
  try {
    const restore = spec.hook(library as never, options ?? ({} as Options));
    noteHook(spec.library, version, restore === undefined ? 'refused' : 'active');
    warnOfVersion(spec, version, restore !== undefined);
    return restore;
  } catch (error) {
    noteHook(spec.library, version, 'refused');
    reportOnce(`the hook of ${spec.library}`, error);
    return undefined;
  }
}

const warned = new Set<string>();

/** Says once of each version what it is not: `import` and `require` bring it here twice, and workers of their own again. */
function warnOfVersion<Options>(spec: InstrumentationSpec<Options>, version: string | undefined, fits: boolean): void {
  if (spec.versions === undefined) return;
  const isTested = version !== undefined && isWithin(version, spec.versions);
  const name = `${spec.library} ${version ?? '(of unknown version)'}`;
  if ((fits && isTested) || warned.has(name)) return;
  warned.add(name);
  const tested = `${spec.versions.join(', ')} ${spec.versions.length > 1 ? 'are' : 'is'}`;
  if (fits) warn(`${name} was never tested with gaugeway (${tested}); it is hooked, because its shape fits`);
  else warn(`${name} is not hooked: its shape does not fit (${tested} tested)`);
}
