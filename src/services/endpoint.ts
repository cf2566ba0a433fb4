/** A thread's port as Comlink wants it: the events of a browser over those of Node. */
import type { Endpoint } from 'comlink';

/** Of `Worker` and `MessagePort`. */
interface NodePort {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  on(event: 'message', listener: (data: unknown) => void): void;
  off(event: 'message', listener: (data: unknown) => void): void;
}

export function endpoint(port: NodePort): Endpoint {
  const listeners = new Map<unknown, (data: unknown) => void>();
  return {
    postMessage: (message: unknown, transfer?: readonly ArrayBuffer[]) => port.postMessage(message, transfer),
    addEventListener: (_type: string, listener: Listener) => {
      const hear = (data: unknown) =>
        typeof listener === 'function' ? listener({ data }) : listener.handleEvent({ data });
      listeners.set(listener, hear);
      port.on('message', hear);
    },
    removeEventListener: (_type: string, listener: Listener) => {
      const hear = listeners.get(listener);
      if (hear) port.off('message', hear);
      listeners.delete(listener);
    },
  };
}

type Listener = ((event: { data: unknown }) => void) | { handleEvent(event: { data: unknown }): void };
