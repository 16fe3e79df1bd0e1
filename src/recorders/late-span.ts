import type { Span } from '@opentelemetry/api';

/** What a span that has not begun stands for. */
interface Late {
  span: Span | undefined;
  readonly start: () => Span;
}

const handler: ProxyHandler<Late> = {
  get(late, key) {
    const span = begun(late);
    const value: unknown = Reflect.get(span, key, span);
    return typeof value === 'function' && key !== 'constructor' ? value.bind(span) : value;
  },
  set: (late, key, value) => Reflect.set(begun(late), key, value),
  has: (late, key) => Reflect.has(begun(late), key),
  getPrototypeOf: (late) => Reflect.getPrototypeOf(begun(late)),
};

/** A span for a context in which mostly nobody asks for it. */
export interface LateSpan {
  /** To all who ask it anything it is the span, which begins with the first question. */
  readonly asked: Span;
  /** The span itself. */
  begin(): Span;
}

/** A span that `start` makes when it is first asked for; it must be told then when it was meant to begin. */
export function lateSpan(start: () => Span): LateSpan {
  const late: Late = { span: undefined, start };
  return { asked: new Proxy(late, handler) as unknown as Span, begin: () => begun(late) };
}

function begun(late: Late): Span {
  late.span ??= late.start();
  return late.span;
}
