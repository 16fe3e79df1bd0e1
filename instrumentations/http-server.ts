import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { defineInstrumentation } from '../src/instrumentation.ts';
import { hookFailed } from '../src/observe.ts';
import { Inbound, useInboundSource } from '../src/recorders/inbound.ts';
import { createStamps } from '../src/stamp.ts';

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';

/**
 * The inbound requests of servers on node:http and node:https, so that the model calls made for one of them tell what the
 * gateway itself took. Requests without a model call leave no trace.
 */
export const httpServerInstrumentation = defineInstrumentation({
  library: 'http-server',
  hook() {
    const current = new AsyncLocalStorage<Inbound>();
    const inbounds = createStamps<Inbound>();

    const onStart = contained(START, (response) => {
      const inbound = new Inbound();
      inbounds.set(response, inbound);
      /*
       * Node publishes this from within the callback of its parser, just before the server's own event, and takes the
       * store back when that callback returns. (Node 22 leaves it on the connection until its next request: by then the
       * request is closed, and a closed one counts nothing.)
       */
      current.enterWith(inbound);
    });
    const onFinish = contained(FINISH, (response) => {
      const inbound = inbounds.get(response);
      // A middleware that has the request ends it itself: it knows the route.
      if (inbound !== undefined && inbound.request === undefined) inbound.finish(undefined);
    });

    subscribe(START, onStart);
    subscribe(FINISH, onFinish);
    useInboundSource({ current: () => current.getStore(), of: (response) => inbounds.get(response) });
    return () => {
      unsubscribe(START, onStart);
      unsubscribe(FINISH, onFinish);
      useInboundSource(undefined);
      current.disable();
    };
  },
});

/** What a subscriber throws would become an uncaught exception of the application. */
function contained(name: string, handle: (response: object) => void): (message: unknown) => void {
  return (message) => {
    try {
      handle((message as { response: object }).response);
    } catch (error) {
      hookFailed(name, error);
    }
  };
}
