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

/** `GET /users/:id`, or `GET` where no route matched. */
export function requestName({ method, route }: Pick<HttpRequest, 'method' | 'route'>): string {
  return route === undefined ? method : `${method} ${route}`;
}

/** `db findMany User`: the operation and the collection as far as they are known, else the system. */
export function queryName({ operation, collection, system }: DbQuery): string {
  const name = [operation, collection].filter((part) => part !== undefined).join(' ');
  return `db ${name === '' ? system : name}`;
}
