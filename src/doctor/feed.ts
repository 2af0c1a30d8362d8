import { fieldIn, jsonIn } from './ask.ts';
import type { FeedFacts } from './facts.ts';
import { plainText } from './outside.ts';

/** 32 incidents are looked at; no page has more open at once. */
const INCIDENTS_MAX = 32;
const DONE = new Set(['resolved', 'postmortem', 'completed']);
const WELL = new Set(['operational', 'under_maintenance']);

/**
 * Reads a status feed: Statuspage v2 `summary.json` (also incident.io's copy of it), or incident.io's own form. Total. The page's indicator
 * can be green while an incident is open, and components green while it is watched, so that all three are read and the worst counts.
 * Whatever has another shape is `unknown`, never a fault and never well.
 */
export function readFeed(status: number, fields: readonly string[], body: Uint8Array): FeedFacts {
  const unknown = (reason: string): FeedFacts => ({ state: 'unknown', titles: [], reason });
  if (status !== 200) return unknown(`status ${status}`);
  // A page that moved answers 200 with HTML; that is the reader's fault and says nothing of the service.
  if (!(fieldIn(fields, 'content-type') ?? '').includes('json')) return unknown('no JSON');
  const json = jsonIn(body);
  if (typeof json !== 'object' || json === null) return unknown('no JSON');
  const lists = ['incidents', 'ongoing_incidents']
    .map((name) => listIn(json, name))
    .filter((each) => each !== undefined);
  const indicator = textIn(Reflect.get(json, 'status'), 'indicator');
  const components = listIn(json, 'components');
  if (lists.length === 0 && indicator === undefined && components === undefined) return unknown('not a status feed');
  const open = lists
    .flat()
    .filter((each) => !DONE.has(textIn(each, 'status') ?? ''))
    .map((each) => plainText(textIn(each, 'name') ?? 'an incident without a name', 160));
  const ill = (components ?? [])
    .filter((each) => !WELL.has(textIn(each, 'status') ?? 'operational'))
    .map((each) =>
      plainText(`${textIn(each, 'name') ?? 'a part'}: ${textIn(each, 'status') ?? ''}`.replaceAll('_', ' '), 160),
    );
  const page =
    indicator === 'minor' || indicator === 'major' || indicator === 'critical' ? [`the page says ${indicator}`] : [];
  const titles = [...open, ...ill, ...page].slice(0, 4);
  return { state: titles.length > 0 ? 'incident' : 'quiet', titles, reason: undefined };
}

function listIn(json: object, name: string): unknown[] | undefined {
  const list: unknown = Reflect.get(json, name);
  return Array.isArray(list) ? list.slice(0, INCIDENTS_MAX) : undefined;
}

function textIn(value: unknown, name: string): string | undefined {
  const text: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof text === 'string' ? text : undefined;
}
