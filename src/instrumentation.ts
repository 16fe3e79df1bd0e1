import {
  type Instrumentation,
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
  InstrumentationNodeModuleFile,
} from '@opentelemetry/instrumentation';
import { warn } from './diagnostics.ts';
import { hooks } from './hooks.ts';
import { reportOnce } from './observe.ts';
import { VERSION } from './version.ts';

/** A hook into a library: what it needs to know, and what it does once the library is there. */
export interface InstrumentationSpec<Options> {
  /** The npm name of the library, or the name of what is hooked where there is no module to load. */
  readonly library: string;
  /** Tested versions; absent where there is no module to load. */
  readonly versions?: readonly string[];
  /** Files of the library, by their path in it, that are handed to `hook` as well, where a process may load them alone. */
  readonly files?: readonly string[];
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
          const restore = attach(spec, library, options, version);
          if (restore !== undefined) restores.set(library, restore);
          return library;
        };
        const unpatch = (library: unknown): void => restores.get(library)?.();
        const files = spec.files?.map(
          (file) => new InstrumentationNodeModuleFile(`${spec.library}/${file}`, ['*'], patch, unpatch),
        );
        return new InstrumentationNodeModuleDefinition(spec.library, ['*'], patch, unpatch, files);
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
    if (!hooks.has(spec.library)) hooks.set(spec.library, 'idle');
    return new DefinedInstrumentation(`gaugeway/${spec.library}`, VERSION, { enabled: false });
  };
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
    hooks.set(spec.library, restore === undefined ? 'refused' : 'active');
    if (restore === undefined) {
      warn(
        `${spec.library} ${version ?? ''} is not measured: this version is not known (${spec.versions?.join(', ')} are)`,
      );
    }
    return restore;
  } catch (error) {
    hooks.set(spec.library, 'refused');
    reportOnce(`the hook of ${spec.library}`, error);
    return undefined;
  }
}
