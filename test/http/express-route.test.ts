import express, { type Request, type Response, type Router } from 'express';
import express4 from 'express-4';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createExpressMiddleware } from '../../src/http/index.ts';
import { type Recording, startRecording } from '../recorders/recording.ts';
import { type Served, serve, until } from './server.ts';

let recording: Recording;
let served: Served | undefined;
beforeEach(() => {
  recording = startRecording();
});
afterEach(async () => {
  await served?.stop();
  recording.stop();
});

const answer = (_request: Request, response: Response): void => void response.send('ok');

/** Layers of a router before 2.3 keep no path: the same layers, without it. */
function forget({ stack }: Pick<Router, 'stack'>): void {
  for (const layer of stack as unknown as { rawPath?: unknown; handle: Partial<Router> }[]) {
    delete layer.rawPath;
    if (layer.handle.stack !== undefined) forget(layer.handle as Router);
  }
}

const shapes = [
  { name: 'Express 5', create: express, forgets: false },
  { name: 'Express 5 with a router before 2.3', create: express, forgets: true },
  { name: 'Express 4', create: express4, forgets: false },
];

describe.each(shapes)('$name', ({ create, forgets }) => {
  /** The routes that are recorded for these paths, one after the other. */
  async function routesOf(build: (app: ReturnType<typeof create>) => void, ...paths: string[]) {
    const app = create();
    app.set('env', 'test');
    app.use(createExpressMiddleware());
    build(app);
    if (forgets) forget(app.router);
    served = await serve(app);
    const found = [];
    for (const path of paths) {
      await served.send(path);
      const count = found.length + 1;
      await until(() => recording.observations.length === count);
      const request = recording.observations.at(-1);
      found.push(request?.kind === 'http_request' ? request.route : undefined);
    }
    expect(recording.dropped).toEqual([]);
    return found;
  }

  it('names routers in routers, each mounted by a template', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      const [api, org, items] = [create.Router(), create.Router(), create.Router()];
      items.get('/', answer);
      items.get('/:item', answer);
      org.use('/items', items);
      api.use('/orgs/:org', org);
      app.use('/api', api);
    };
    expect(await routesOf(build, '/api/orgs/acme/items', '/api/orgs/orgs/items/9', '/API/orgs/items/items/7')).toEqual([
      '/api/orgs/:org/items',
      '/api/orgs/:org/items/:item',
      '/api/orgs/:org/items/:item',
    ]);
  });

  it('tells two mounts of one router apart', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      const users = create.Router();
      users.get('/users/:id', answer);
      app.use('/v1', users);
      app.use('/v2', users);
    };
    const [one, two] = ['/v1/users/:id', '/v2/users/:id'];
    expect(await routesOf(build, '/v2/users/1', '/v1/users/1', '/v2/users/2')).toEqual([two, one, two]);
  });

  it('tells the paths of one mount apart', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      const users = create.Router();
      users.get('/users/:id', answer);
      app.use(['/old', '/new/:tenant'], users);
    };
    expect(await routesOf(build, '/new/acme/users/1', '/old/users/1')).toEqual([
      '/new/:tenant/users/:id',
      '/old/users/:id',
    ]);
  });

  it('names the routes of mounted applications', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      const [admin, users] = [create(), create.Router()];
      users.get('/:id', answer);
      admin.get('/', answer);
      admin.use('/users', users);
      app.use('/admin/:area', admin);
    };
    expect(await routesOf(build, '/admin/north/users/1', '/admin/north')).toEqual([
      '/admin/:area/users/:id',
      '/admin/:area/',
    ]);
  });

  it('names the route of a handler that failed, though every router has let it go', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      const users = create.Router();
      users.get('/users/:id', () => {
        throw new Error('no');
      });
      app.use('/api/:version', users);
    };
    expect(await routesOf(build, '/api/v1/users/1')).toEqual(['/api/:version/users/:id']);
  });

  it('names no route that passed the request on to nobody', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      app.get('/users/:id', (_request, _response, next) => next());
    };
    expect(await routesOf(build, '/users/1')).toEqual([undefined]);
  });

  it('names no route that a function of the application hides behind a mount', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      const users = create.Router();
      users.get('/users/:id', answer);
      app.use('/tenants/:tenant', (request, response, next) => users(request, response, next));
      app.use((request, response, next) => users(request, response, next));
    };
    expect(await routesOf(build, '/tenants/acme/users/1', '/users/1')).toEqual([undefined, '/users/:id']);
  });

  it('names no static file and no answer of a middleware', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      app.use('/static', create.static(import.meta.dirname));
      app.use('/plain', answer);
    };
    expect(await routesOf(build, '/static/express-route.test.ts', '/plain/123')).toEqual([undefined, undefined]);
  });

  it('names several paths and patterns of one route', async () => {
    const build = (app: ReturnType<typeof create>): void => {
      app.get(/^\/files\/(.+)$/, answer);
      app.route('/chained/:id').get(answer);
      app.get(['/one/:id', '/two'], answer);
    };
    expect(await routesOf(build, '/files/a/b', '/chained/1', '/one/1', '/two')).toEqual([
      String(/^\/files\/(.+)$/),
      '/chained/:id',
      '/one/:id',
      '/two',
    ]);
  });
});
