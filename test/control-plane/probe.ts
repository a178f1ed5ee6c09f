// One GET on a loopback server with a client certificate. Any failure to connect is an answer: not there.
import {readFileSync} from 'node:fs';
import {request as requestPlain} from 'node:http';
import {request as requestTls} from 'node:https';
import {defer} from './deferred.ts';
import {probeTimeoutMs} from './limits.ts';

/** Paths of PEM files. */
export interface ClientFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

/** Undefined when nobody answers. */
export function probe(url: string, files?: ClientFiles): Promise<ProbeAnswer | undefined> {
  const {promise, resolve} = defer<ProbeAnswer | undefined>();
  const credentials =
    files === undefined
      ? {}
      : {ca: readFileSync(files.ca), cert: readFileSync(files.cert), key: readFileSync(files.key)};
  const request = url.startsWith('https:') ? requestTls : requestPlain;
  const sent = request(url, {...credentials, agent: false, timeout: probeTimeoutMs}, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('end', () => resolve({status: response.statusCode ?? 0, body}));
    response.on('error', () => resolve(undefined));
  });
  sent.on('timeout', () => sent.destroy());
  sent.on('error', () => resolve(undefined));
  sent.end();
  return promise;
}

export async function answersOk(url: string, files?: ClientFiles): Promise<boolean> {
  return (await probe(url, files))?.status === 200;
}
