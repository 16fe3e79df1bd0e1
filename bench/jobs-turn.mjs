const AT_ONCE = 50;

/** Sends and works on jobs when the parent process says how many, and tells what one of them took. */
export function takeTurns({ send, onDone }) {
  let done = () => {};
  onDone(() => done());
  process.on('message', async (count) => {
    let completed = 0;
    const all = new Promise((resolve) => {
      done = () => ++completed === count && resolve();
    });
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    for (let sent = 0; sent < count; sent += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => send(index)));
    }
    await all;
    const wallMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    process.send({ wallNs: (wallMs * 1e6) / count, cpuNs: ((user + system) * 1000) / count });
  });
  process.once('disconnect', () => process.exit());
  process.send('ready');
}
