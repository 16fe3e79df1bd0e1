/** Has itself inside. */
export const cyclic: Record<string, unknown> = { plain: 'x' };
cyclic.self = cyclic;

/** One of its properties cannot be read. */
export const throwing = {
  plain: 'x',
  get bad(): never {
    throw new Error('no');
  },
};

/** Nothing tells what it has. */
export const proxied = new Proxy(
  {},
  {
    ownKeys() {
      throw new Error('no');
    },
  },
);
