import { hookFailed } from '../observe.ts';
import { isAuthorized } from './token.ts';

/** For which framework a handler is made. */
export type HandlerFramework = keyof Handlers;

/** A handler in the shape of each framework; only what is used of theirs is named. */
export interface Handlers {
  /** Also Connect and `node:http`. */
  readonly express: (request: NodeRequest, response: NodeResponse) => void;
  readonly hono: (context: { readonly req: { readonly raw: Request } }) => Promise<Response>;
  readonly koa: (context: KoaHandlerContext) => Promise<void>;
  readonly fastify: (request: { readonly raw: NodeRequest }, reply: FastifyHandlerReply) => Promise<unknown>;
}

interface NodeRequest {
  readonly headers: { readonly authorization?: string | undefined };
}

interface NodeResponse {
  readonly headersSent: boolean;
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

interface KoaHandlerContext {
  readonly req: NodeRequest;
  status: number;
  body: unknown;
  set(name: string, value: string): unknown;
}

interface FastifyHandlerReply {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(body: string): unknown;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const PLAIN = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };

/** Makes a handler that answers with what `read` gives, to those who know the token. */
export function createHandler<Name extends HandlerFramework>(
  framework: Name,
  token: string | undefined,
  contentType: string,
  read: () => string | Promise<string>,
): Handlers[Name] {
  const answer = async (authorization: string | null | undefined): Promise<Answer> => {
    if (!isAuthorized(authorization, token)) {
      return { status: 401, headers: { ...PLAIN, 'www-authenticate': 'Bearer' }, body: 'Unauthorized\n' };
    }
    try {
      return { status: 200, headers: { ...PLAIN, 'content-type': contentType }, body: await read() };
    } catch (error) {
      hookFailed('a handler', error);
      return { status: 500, headers: PLAIN, body: 'Internal Server Error\n' };
    }
  };
  const handlers: Handlers = {
    express(request, response) {
      void answer(request.headers.authorization).then(({ status, headers, body }) => {
        if (response.headersSent) return;
        response.statusCode = status;
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        response.end(body);
      });
    },
    async hono({ req }) {
      const { status, headers, body } = await answer(req.raw.headers.get('authorization'));
      return new Response(body, { status, headers });
    },
    async koa(koa) {
      const { status, headers, body } = await answer(koa.req.headers.authorization);
      koa.status = status;
      for (const [name, value] of Object.entries(headers)) koa.set(name, value);
      koa.body = body;
    },
    async fastify(request, reply) {
      const { status, headers, body } = await answer(request.raw.headers.authorization);
      reply.code(status);
      for (const [name, value] of Object.entries(headers)) reply.header(name, value);
      return reply.send(body);
    },
  };
  const handler = handlers[framework];
  if (!Object.hasOwn(handlers, framework)) {
    throw new TypeError(`gaugeway: option "framework" must be one of ${Object.keys(handlers).join(', ')}`);
  }
  return handler;
}
