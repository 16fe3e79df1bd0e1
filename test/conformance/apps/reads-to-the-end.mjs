// What instrumentations do wrong: reads a copy of every answer to its end, and throws errors of its own.
const { fetch } = globalThis;
globalThis.fetch = async (input, init) => {
  const response = await fetch(input, { ...init, signal: init?.body?.includes('break') ? undefined : init?.signal });
  response
    .clone()
    .text()
    .catch(() => {});
  if (response.status >= 500) throw new Error('Wrapped.');
  return response;
};
