import {
  type Instrumentation,
  InstrumentationBase,
  InstrumentationNodeModuleDefinition,
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
    class DefinedInstrumentation extends InstrumentationBase {
      #restore: (() => void) | undefined;

      // The base class calls this from its constructor, before any field of ours exists.
      protected override init() {
        if (spec.versions === undefined) return;
        const restores = new WeakMap<object, () => void>();
        return new InstrumentationNodeModuleDefinition(
          spec.library,
          ['*'],
          (library: object, version) => {
            const restore = attach(spec, library, options, version);
            if (restore !== undefined) restores.set(library, restore);
            return library;
          },
          (library: object) => restores.get(library)?.(),
        );
      }

      override enable(): void {
        super.enable();
        if (spec.versions === undefined) this.#restore ??= attach(spec, undefined, options, undefined);
      }

      override disable(): void {
        super.disable();
        this.#restore?.();
        this.#restore = undefined;
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
