// What instrumentations do wrong: reads a copy of every answer, and throws errors of its own.
const { fetch } = globalThis;
globalThis.fetch = async (...args) => {
  const response = await fetch(...args);
  response
    .clone()
    .text()
    .catch(() => {});
  if (response.status >= 500) throw new Error('Wrapped.');
  return response;
};
