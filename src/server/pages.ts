import { type Fields, fieldOf } from '../call/fields.ts';
import { isLoopback } from '../config/address.ts';
import type { IncomingRequest, Responder } from '../http1/contract.ts';
import { callerNames } from './callers.ts';
import type { KeptCall } from './kept-call.ts';
import { SHELL_POLICY, shell } from './page/shell.ts';
import { causePage, causesPage, causeText, nearestCode, toldCause, toldCauses } from './problem-pages.ts';
import type { Stories } from './stories.ts';
import { storyPage } from './story/page.ts';
import { storyText } from './story/text.ts';
import { toldCall } from './story/told.ts';

export type PageState = {
  /** False while the process drains: balancers in front should send new calls elsewhere. */
  readonly isServing: () => boolean;
  readonly stories: Stories;
};

/** A page in one of its forms. */
type Page = {
  readonly status: number;
  readonly html: () => string;
  readonly json: () => object;
  readonly text: () => string;
};

/** Ids as we make them; anything else is not looked for. */
const CALL_ID = /^[0-9a-f]{32}$/;

/**
 * The pages under `/goodgate/`: health, the causes, the stories of calls. What is not known there is answered here too: a path of ours must
 * never go to a target, with the caller's key in it. False only for `GET /goodgate/calls/{id}/stream`, which is a reply and no page.
 */
export function goodgatePages(state: PageState): (request: IncomingRequest, response: Responder) => boolean {
  const nameCaller = callerNames();
  return (request, response) => {
    const path = (request.target.split('?', 1)[0] ?? '').replace(/(?<=.)\/$/, '');
    const [, , room, name, ...rest] = path.split('/');
    if (room === 'calls' && request.method === 'GET' && CALL_ID.test(name ?? '') && rest.join() === 'stream')
      return false;
    const page =
      rest.length > 0
        ? NO_PAGE
        : room === 'health' && name === undefined
          ? health(state.isServing())
          : room === 'problems'
            ? problems(name)
            : room === 'why' && name !== undefined
              ? why(name, request, state.stories, nameCaller)
              : NO_PAGE;
    answer(page, request, response);
    return true;
  };
}

function health(isServing: boolean): Page {
  const status = isServing ? 'ok' : 'draining';
  // One form for all: who asks for it is a program, whatever it says it reads.
  const text = () => `${JSON.stringify({ status })}\n`;
  return { status: isServing ? 200 : 503, html: text, json: () => ({ status }), text };
}

function problems(code: string | undefined): Page {
  if (code === undefined) {
    const list = () => toldCauses().map((cause) => `${cause.code}: ${cause.title}`);
    return {
      status: 200,
      html: causesPage,
      json: () => ({ causes: toldCauses() }),
      text: () => `${list().join('\n')}\n`,
    };
  }
  const told = toldCause(code);
  if (told !== undefined)
    return { status: 200, html: () => causePage(told), json: () => told, text: () => causeText(told) };
  const nearest = nearestCode(code);
  return missing(`There is no cause of this name. The nearest is "${nearest}".`, `/goodgate/problems/${nearest}`);
}

/**
 * The story of a call is shown on this machine, and to whom it belongs: the same credential, or for calls without one the same address.
 * For everyone else it does not exist, so that nobody learns which ids do.
 */
function why(id: string, request: IncomingRequest, stories: Stories, nameCaller: NameCaller): Page {
  if (!CALL_ID.test(id)) return missing('A call has a number of 32 hexadecimal digits: x-request-id of its answer.');
  const kept = stories.find(id);
  if (kept === undefined || !mayRead(kept, request, nameCaller))
    return missing(
      'No call of this number is remembered here for you. The last failed calls are kept in memory until a restart, and are shown on the same machine and to the credential that made them.',
    );
  const told = toldCall(kept);
  return { status: 200, html: () => storyPage(told), json: () => told, text: () => storyText(told) };
}

type NameCaller = (fields: readonly string[]) => string | undefined;

/** What proxies add for others: who comes with them is not known to be on this machine. */
const FOREIGN = ['forwarded', 'x-forwarded-for', 'via'];

function mayRead(kept: KeptCall, { peer, fields }: IncomingRequest, nameCaller: NameCaller): boolean {
  const isNear = isLoopback(peer.ip.replace(/^::ffff:/, ''));
  if (isNear && FOREIGN.every((name) => fieldOf(fields, name) === undefined)) return true;
  return kept.credential === undefined ? kept.ip === peer.ip : nameCaller(fields) === kept.credential;
}

function missing(reason: string, link?: string): Page {
  const more = link === undefined ? '' : `<p><a href="${link}">${link}</a></p>`;
  return {
    status: 404,
    html: () => shell('Not found', `<h1>Not found</h1><p>${reason}</p>${more}`),
    json: () => ({ error: reason, ...(link === undefined ? {} : { nearest: link }) }),
    text: () => `${reason}\n`,
  };
}

const NO_PAGE = missing(
  'There is no page of this name. There are /goodgate/health, /goodgate/problems and /goodgate/why/ with the number of a call.',
);

const COMMON: Fields = ['cache-control', 'no-store', 'vary', 'accept', 'x-content-type-options', 'nosniff'];

function answer(page: Page, request: IncomingRequest, response: Responder): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    const text = '{"error":"these pages are only read"}\n';
    response.send(405, ['content-type', 'application/json', ...COMMON, 'allow', 'GET, HEAD'], text);
    return;
  }
  const accept = fieldOf(request.fields, 'accept') ?? '';
  const isHealth = request.target.startsWith('/goodgate/health');
  if (accept.includes('text/html') && !isHealth) {
    const fields = ['content-type', 'text/html; charset=utf-8', ...COMMON, 'content-security-policy', SHELL_POLICY];
    response.send(page.status, fields, page.html());
  } else if (accept.includes('json') || isHealth) {
    const text = isHealth ? page.text() : `${JSON.stringify(page.json(), undefined, 2)}\n`;
    response.send(page.status, ['content-type', 'application/json', ...COMMON], text);
  } else {
    response.send(page.status, ['content-type', 'text/plain; charset=utf-8', ...COMMON], page.text());
  }
}
