declare module 'express-4' {
  import type express from 'express';

  const create: typeof express;
  export default create;
}

declare module 'koa-mount' {
  import type Koa from 'koa';
  export default function mount(prefix: string, app: Koa): Koa.Middleware;
}
