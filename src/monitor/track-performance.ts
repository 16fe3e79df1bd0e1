import { defaultMonitor } from './default-monitor.ts';
import type { MonitorScope } from './scope.ts';

/** How a decorated method is recorded; all optional. */
export interface TrackPerformanceOptions {
  /** @default `ClassName.methodName` */
  readonly name?: string;
  /** @default the default monitor */
  readonly monitor?: MonitorScope;
}

// biome-ignore lint/suspicious/noExplicitAny: methods of every kind must fit
type Method = (this: any, ...args: any[]) => any;

/** A decorator of methods: of the language, and of TypeScript's `experimentalDecorators`. */
export interface TrackPerformanceDecorator {
  <M extends Method>(method: M, context: ClassMethodDecoratorContext<ThisParameterType<M>, M>): M;
  (target: object, key: string | symbol, descriptor: PropertyDescriptor): void;
}

/**
 * Records every call of a method as an operation. For instance, static and private methods; on anything else it throws
 * when the class is defined.
 */
export function TrackPerformance(
  given: string | TrackPerformanceOptions = {},
  ...misused: unknown[]
): TrackPerformanceDecorator {
  if (misused.length > 0) throw new TypeError('gaugeway: write @TrackPerformance(), with its parentheses');
  const options = typeof given === 'string' ? { name: given } : given;
  const decorate = (target: unknown, context?: DecoratorContext | string | symbol, descriptor?: PropertyDescriptor) => {
    if (typeof context !== 'object') return decorateLegacy(target as object, context, descriptor, options);
    if (context.kind !== 'method') return refuse(context.kind, context.name);
    const { name } = context;
    const method = tracked(target as Method, options, name, (self) => ownerOf(self, name, method));
    return method;
  };
  return decorate as TrackPerformanceDecorator;
}

function decorateLegacy(
  target: object,
  key: string | symbol | undefined,
  descriptor: PropertyDescriptor | undefined,
  options: TrackPerformanceOptions,
): void {
  if (key === undefined) return refuse('class', (target as { name?: string }).name);
  if (typeof descriptor?.value !== 'function') return refuse(descriptor === undefined ? 'field' : 'accessor', key);
  const owner = typeof target === 'function' ? target.name : target.constructor.name;
  descriptor.value = tracked(descriptor.value, options, key, () => owner);
}

function refuse(kind: string, name: string | symbol | undefined): never {
  throw new TypeError(
    `gaugeway: @TrackPerformance belongs on a method; "${String(name)}" is ${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`,
  );
}

function tracked(
  method: Method,
  options: TrackPerformanceOptions,
  key: string | symbol,
  ownerOfCall: (self: unknown) => string | undefined,
): Method {
  let { name } = options;
  const nameOf = (self: unknown): string => {
    const owner = ownerOfCall(self);
    // A call without its object says nothing of the next ones.
    if (owner === undefined) return `unbound.${String(key)}`;
    name = `${owner}.${String(key)}`;
    return name;
  };
  const run: Method = function (...args) {
    const operation = name ?? nameOf(this);
    return (options.monitor ?? defaultMonitor()).trackOperation(operation, () => method.apply(this, args));
  };
  // What is seen of a function stays as it was.
  Object.defineProperty(run, 'name', { value: method.name, configurable: true });
  Object.defineProperty(run, 'length', { value: method.length, configurable: true });
  return run;
}

/** The class that has the method, which may be a parent's; a private method is nobody's property. */
function ownerOf(self: unknown, name: string | symbol, method: Method): string | undefined {
  try {
    for (let owner = self; isObject(owner); owner = Object.getPrototypeOf(owner)) {
      if (Object.getOwnPropertyDescriptor(owner, name)?.value === method) return className(owner);
    }
    return isObject(self) ? className(self) : undefined;
  } catch {
    // A proxy that does not want to be looked at.
    return undefined;
  }
}

function className(owner: object): string | undefined {
  const name: unknown = typeof owner === 'function' ? owner.name : owner.constructor?.name;
  return typeof name === 'string' ? name : undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}
