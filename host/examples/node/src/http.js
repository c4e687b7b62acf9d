// The HTTP client: what may be dialled, for how long, and how much is read.

import { lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';

import { isLoopbackAddress, isPublicAddress, literal } from './addresses.js';
import { Denied } from './exchange.js';

/** `contractError` is a case of the contract's `http.error`. */
class HttpError extends Error {
  constructor(contractError) {
    super(contractError);
    this.contractError = contractError;
  }
}

/** No redirects, no proxy, no decompression, no retry, no connection kept, no private addresses. */
export class HttpClient {
  #options;

  /**
   * `deadline`: milliseconds for one exchange. `ca`: PEM of authorities to trust instead of the built-in ones.
   * `dangerAllowLoopback`: lets connections whose policy says so reach this machine. Development only.
   */
  constructor({ deadline = 10_000, ca, dangerAllowLoopback = false } = {}) {
    this.#options = { deadline, ca, dangerAllowLoopback };
  }

  /** Sends one request and reads at most `most` bytes of its answer, whatever its status. */
  send({ method, url, headers, body }, most, network) {
    const { deadline, ca, dangerAllowLoopback } = this.#options;
    const development = network === 'danger-loopback';
    if (development && !dangerAllowLoopback) throw new Denied('loopback is not switched on');
    const plain = url.protocol === 'http:';
    const permits = (address) =>
      (development && isLoopbackAddress(address)) || (!plain && isPublicAddress(address));
    // An address in the URL never meets the resolver.
    const address = literal(url.hostname);
    if (address && !(development && permits(address))) throw new Denied('an address that may not be dialled');

    return new Promise((resolve, reject) => {
      const request = (plain ? http : https).request(url, {
        method,
        headers: { ...headers, ...(method === 'POST' && { 'content-length': body.length }) },
        lookup: judging(permits),
        agent: false, // a connection for this request alone
        ca,
        signal: AbortSignal.timeout(deadline),
      });
      request.on('response', (answer) => {
        // Nothing was offered, so a coded body is an answer to another question.
        if (answer.headers['content-encoding']) return request.destroy(new HttpError('unreachable'));
        const chunks = [];
        let length = 0;
        answer.on('data', (chunk) => {
          length += chunk.length;
          if (length > most) request.destroy(new HttpError('too-large'));
          else chunks.push(chunk);
        });
        answer.on('end', () => {
          if (!answer.complete) return reject(new HttpError('unreachable'));
          resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) });
        });
        answer.on('error', (error) => reject(known(error)));
      });
      request.on('error', (error) => reject(known(error)));
      request.end(body);
    });
  }
}

/** Resolves a name and gives its addresses out only when every one of them may be dialled. */
function judging(permits) {
  return (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error);
      // One that may not spoils the name: it may be the one that is dialled next.
      if (addresses.length === 0 || !addresses.every(({ address }) => permits(address))) {
        return callback(new HttpError('unreachable'));
      }
      if (options.all) callback(null, addresses);
      else callback(null, addresses[0].address, addresses[0].family);
    });
  };
}

/** Which of the contract's errors it is; not told apart further, so that nobody maps a private network by asking. */
function known(error) {
  if (error instanceof HttpError) return error;
  const timeout = error.name === 'TimeoutError' || error.cause?.name === 'TimeoutError';
  return new HttpError(timeout ? 'timeout' : 'unreachable');
}
