// The thread that a component runs in. It has no environment and no capability of its own: every import is a
// message to the main thread and a wait for its answer.

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

const { glue, modules, port, signal } = workerData;
// Node.js 20 and 22 do not suspend a WebAssembly stack. The generated code asks for it all the same, once for each
// export and instance, and goes on without: missing it by an exception would cost it 5 ms each time.
WebAssembly.promising ??= (exported) => exported;
const { instantiate } = await import(`data:text/javascript;base64,${glue}`);

function ask(capability, args) {
  Atomics.store(signal, 0, 0);
  port.postMessage({ capability, args });
  Atomics.wait(signal, 0, 0);
  const { message } = receiveMessageOnPort(port);
  if ('fault' in message) throw new Error(message.fault);
  if ('error' in message) throw message.error; // the generated code takes what is no Error for the `err` of a result
  return message.ok;
}

const forward = (capability) => (...args) => ask(capability, args);
const imports = {
  'sso:provider/http': { send: forward('http.send') },
  'sso:provider/storage': { putIfAbsent: forward('storage.put-if-absent'), take: forward('storage.take') },
  'sso:provider/cache': { get: forward('cache.get'), put: forward('cache.put') },
  'sso:provider/clock': { now: forward('clock.now') },
  'sso:provider/random': { bytes: forward('random.bytes') },
  'sso:provider/signatures': { verify: forward('signatures.verify') },
  'sso:provider/log': { event: forward('log.event') },
  'sso:provider/types': {},
};

const camelCase = (name) => name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

parentPort.on('message', ({ name, args }) => {
  const [capability, operation] = name.split('.');
  try {
    const component = instantiate((module) => modules[module], imports);
    const call = component[capability]?.[camelCase(operation)];
    if (!call) throw new Error('the component has no such function');
    parentPort.postMessage(outcome(() => call(...args)));
  } catch (fault) {
    parentPort.postMessage({ fault: fault.message });
  }
});

/** The generated code throws the `err` of a result as it is, and an Error for anything else. */
function outcome(call) {
  try {
    return { value: call() };
  } catch (refusal) {
    if (refusal instanceof Error) throw refusal;
    return { refusal };
  }
}

parentPort.postMessage('ready');
