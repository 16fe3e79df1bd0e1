/** Lets the test that started this process call the given functions by name, and wait for their answers. */
export function answer(tasks) {
  process.on('message', async ({ id, task, argument }) => {
    try {
      process.send({ id, value: await tasks[task](argument) });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  });
}
