import { matchLayer, type RouterLayer } from './express-layer.ts';

interface Router {
  readonly stack: readonly RouterLayer[];
}

interface App {
  /** Express 4 has it, and a `router` that throws. */
  readonly lazyrouter?: unknown;
  readonly _router?: Router;
  readonly router?: Router;
  readonly parent?: App;
  readonly mountpath?: unknown;
}

/** What Express leaves on a request. */
interface RoutedRequest {
  readonly route?: { readonly path?: unknown };
  readonly app?: App;
  readonly baseUrl?: string;
  readonly originalUrl?: string;
  readonly url?: string;
  /** Set while a router has the request. */
  readonly next?: unknown;
  readonly res?: { readonly statusCode?: number };
}

const MAX_DEPTH = 20;

/** The ways from an application's own router to a route: the layers of the routers in between, then the route's own. */
const ways = new WeakMap<object, RouterLayer[][]>();

/**
 * The template of the route that Express 4 or 5 has found, mounts included. Express itself knows mounts only by what
 * they matched (`baseUrl`, which holds ids), so the route is looked up among the routers of its application.
 */
export function expressRoute(request: object): string | undefined {
  const { route, app, baseUrl, next, originalUrl, url, res } = request as RoutedRequest;
  if (route === undefined || route === null) return undefined;
  // Every router has let it go, and Express answered for want of a route.
  if (next === undefined && res?.statusCode === 404) return undefined;
  const prefix = app === undefined ? '' : mountOf(app);
  const root = app === undefined ? undefined : app.lazyrouter === undefined ? app.router : app._router;
  if (root === undefined || prefix === undefined) return baseUrl === '' ? textOf(route.path) : undefined;
  const known = ways.get(route);
  // Of a route that only the application itself has, the URL tells nothing more.
  const isPlain = known?.length === 1 && known[0]?.length === 1 && typeof route.path === 'string';
  if (isPlain) return `${prefix}${route.path}`;
  const path = below(prefix, (originalUrl ?? url ?? '').split('?', 1)[0] as string);
  const template = templateOf(known, route.path, path) ?? templateOf(search(root, route), route.path, path);
  if (template !== undefined) return `${prefix}${template}`;
  // A router that is called by a function of the application's own is not to be found.
  return baseUrl === '' && next !== undefined ? textOf(route.path) : undefined;
}

/** The templates under which an application is mounted in others; undefined where one of them is not a plain one. */
function mountOf(app: App): string | undefined {
  let prefix = '';
  for (let at: App | undefined = app; at?.parent !== undefined; at = at.parent) {
    if (typeof at.mountpath !== 'string' || /[*+?{(]/.test(at.mountpath)) return undefined;
    prefix = `${at.mountpath.replace(/\/$/, '')}${prefix}`;
  }
  return prefix;
}

/** The part of the path that a mounted application sees; each part of a plain template stands for one of the path. */
function below(prefix: string, path: string): string {
  const parts = prefix === '' ? 0 : prefix.split('/').length - 1;
  return parts === 0
    ? path
    : `/${path
        .split('/')
        .slice(parts + 1)
        .join('/')}`;
}

function search(root: Router, route: object): RouterLayer[][] {
  const found: RouterLayer[][] = [];
  const visit = ({ stack }: Router, way: RouterLayer[]): void => {
    if (way.length > MAX_DEPTH) return;
    for (const layer of stack) {
      if (layer.route === route) found.push([...way, layer]);
      const { handle } = layer;
      if (layer.route === undefined && isRouter(handle)) visit(handle, [...way, layer]);
    }
  };
  visit(root, []);
  ways.set(route, found);
  return found;
}

function isRouter(handle: unknown): handle is Router {
  return typeof handle === 'function' && Array.isArray((handle as Partial<Router>).stack);
}

/** One router can be mounted in several places: the way that fits the path is the one that was taken. */
function templateOf(found: RouterLayer[][] | undefined, ownPath: unknown, path: string): string | undefined {
  for (const way of found ?? []) {
    const template = alongWay(way, ownPath, path);
    if (template !== undefined) return template;
  }
  return undefined;
}

function alongWay(way: RouterLayer[], ownPath: unknown, path: string): string | undefined {
  let template = '';
  let rest = path;
  for (const layer of way.slice(0, -1)) {
    const match = matchLayer(layer, rest);
    if (match === undefined) return undefined;
    template += match.template.replace(/\/$/, '');
    rest = rest.slice(match.length);
    if (!rest.startsWith('/')) rest = `/${rest}`;
  }
  const own = way.at(-1) as RouterLayer;
  const isOneOfMany = Array.isArray(ownPath) && ownPath.length > 1;
  const last = isOneOfMany ? (matchLayer(own, rest)?.template ?? textOf(ownPath)) : textOf(ownPath);
  if (last === undefined) return undefined;
  return last === '/' && template !== '' ? template : `${template}${last}`;
}

function textOf(path: unknown): string | undefined {
  if (typeof path === 'string') return path;
  if (path instanceof RegExp) return String(path);
  if (!Array.isArray(path)) return undefined;
  const texts = path.flat(Number.POSITIVE_INFINITY).map(textOf);
  return texts.includes(undefined) ? undefined : texts.join('|');
}
