import type { AgentRun, DbQuery, HttpRequest, ModelCall } from '../observations.ts';

/** `chat gpt-5-mini`, as its span is called. */
export function modelCallName({ operation, requestModel, provider }: ModelCall): string {
  return `${operation} ${requestModel ?? provider}`;
}

/** `invoke_agent researcher`, `execute_tool search`: as its span is called. */
export function agentRunName({ role, name }: Pick<AgentRun, 'role' | 'name'>): string {
  const operation = role === 'tool' ? 'execute_tool' : `invoke_${role}`;
  return name === undefined ? operation : `${operation} ${name}`;
}

const requestNames = new Map<string, Map<string, string>>();
const MAX_NAMES = 1000;

/** `GET /users/:id`, or `GET` where no route matched. The same string for the same request: it is looked up by it. */
export function requestName({ method, route }: Pick<HttpRequest, 'method' | 'route'>): string {
  if (route === undefined) return method;
  let names = requestNames.get(method);
  if (names === undefined) {
    names = new Map();
    requestNames.set(method, names);
  }
  let name = names.get(route);
  if (name === undefined) {
    name = `${method} ${route}`;
    if (names.size < MAX_NAMES) names.set(route, name);
  }
  return name;
}

/** `db findMany User`: the operation and the collection as far as they are known, else the system. */
export function queryName({ operation, collection, system }: DbQuery): string {
  const name = [operation, collection].filter((part) => part !== undefined).join(' ');
  return `db ${name === '' ? system : name}`;
}
