/** Checks what protects a handler: undefined protects nothing, an empty string is a mistake. */
export function checkToken(token: string | undefined): void {
  if (token !== undefined && (typeof token !== 'string' || token === '')) {
    throw new TypeError(
      'gaugeway: option "token" must be a non-empty string; leave it out for a handler that anybody may ask',
    );
  }
}

/** Whether an `Authorization` header carries the token. */
export function isAuthorized(authorization: string | null | undefined, token: string | undefined): boolean {
  if (token === undefined) return true;
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return isEqual(given, token);
}

/** Takes as long for a wrong guess as for the right one: time would tell how much of it is right. */
function isEqual(given: string, token: string): boolean {
  let difference = given.length ^ token.length;
  for (let at = 0; at < token.length; at++)
    difference |= given.charCodeAt(at % (given.length || 1)) ^ token.charCodeAt(at);
  return difference === 0;
}
