import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inherited } from '../processes.mjs';
import { processOf } from './setups.mjs';

/** The program of one set-up in a process of its own; it says that it is ready, and answers every question. */
export class Peer {
  #process;
  /** What it said first. */
  ready;

  static async start(binary, file, setup, openai, upstream) {
    const { flags, env } = processOf(setup, openai, upstream);
    const peer = new Peer();
    peer.#process = fork(fileURLToPath(new URL(file, import.meta.url)), [], {
      execPath: binary,
      execArgv: flags,
      env: { ...inherited(), ...env },
    });
    peer.ready = await peer.#answer();
    return peer;
  }

  ask(question) {
    this.#process.send(question);
    return this.#answer();
  }

  async #answer() {
    return (await once(this.#process, 'message'))[0];
  }

  async stop() {
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }
}
