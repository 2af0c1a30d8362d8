/**
 * `npm run test:page`: the pages in a real Chromium, behind a real gateway. Every state is shown and kept as a picture in .cache/page/; axe
 * looks at each; the countdown counts, stops and pauses; a page whose service comes back reloads by itself; a POST is never repeated.
 * CHROMIUM names the browser (default /usr/bin/chromium). Exit code 0 when all is well, 1 on a failure, 2 without a browser.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { serve } from '../../src/serve.ts';
import { realWorld } from '../../src/world/real.ts';

const BROWSER = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const folder = join(import.meta.dirname, '..', '..', '.cache', 'page');
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The whole of a page, as design §6 bounds it. */
const PAGE_BYTES_MAX = 14 * 1024;

if (!existsSync(BROWSER)) {
  console.log(`page: there is no browser at ${BROWSER}; set CHROMIUM`);
  process.exit(2);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

/** The one service: it hangs up until it is told to answer. */
let isWell = false;
const posts: string[] = [];
const service = createServer((request, response) => {
  if (request.method === 'POST') posts.push(request.url ?? '');
  if (!isWell) request.socket.destroy();
  else
    response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><html lang="en"><title>Well</title><h1>It works</h1></html>');
});
await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
const address = service.address();
const servicePort = typeof address === 'object' && address !== null ? address.port : 0;
const world = realWorld();
const config = join(folder, 'goodgate.yaml');
await world.files.write(
  config,
  `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\nlog: { level: off }\nretries: { budget-per-second: 100000 }\ntargets:\n  house: { dialect: openai, url: "http://127.0.0.1:${servicePort}" }\n`,
);
const serving = await serve(world, { config, say: () => undefined });
const origin = `http://127.0.0.1:${serving.address.port}`;
const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] });
let failures = 0;

function check(isGood: boolean, what: string): void {
  if (!isGood) failures += 1;
  console.log(`page: ${isGood ? 'ok' : 'FAILED'}: ${what}`);
}

async function withPage(options: BrowserContextOptions, play: (page: Page) => Promise<void>): Promise<void> {
  const context = await (browser as Browser).newContext({ viewport: { width: 1100, height: 1000 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => check(false, `no script error: ${error.message}`));
  page.on('console', (message) => {
    // The failing status itself is reported by the browser; everything else would be a fault of ours, such as a broken policy.
    if (message.type() === 'error' && !message.text().includes('Failed to load resource')) check(false, message.text());
  });
  try {
    await play(page);
  } finally {
    await context.close();
  }
}

/** A picture, and what axe finds: every rule of WCAG 2.2 A and AA and of good practice. */
async function look(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
    ).axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 120)}`);
  });
  check(found.length === 0, `${name}: axe finds nothing${found.length === 0 ? '' : `: ${found.join('; ')}`}`);
}

const left = (page: Page) => page.locator('#left').innerText();
const saysByHand = async (page: Page) =>
  (await page.locator('#by-hand').isVisible()) &&
  !(await page.locator('#by-itself').isVisible()) &&
  !(await page.locator('#retry-title').isVisible());
const secondsIn = (text: string) => Number(/(\d+) s/.exec(text)?.[1] ?? Number.NaN);

try {
  await withPage({}, async (page) => {
    const response = await page.goto(`${origin}/chat`);
    const bytes = (await response?.body())?.length ?? 0;
    check(response?.status() === 502 && bytes > 0 && bytes < PAGE_BYTES_MAX, `the page has ${bytes} bytes`);
    check((await page.locator('.hops li').count()) === 5, 'five hops are drawn');
    await look(page, 'get-light');
    await page.locator('#stop').click();
    check(/Stopped/.test(await left(page)), 'the stop button stops');
    check(await saysByHand(page), 'stopped, it no longer says that it tries by itself');
    check(
      await page.locator('#now').evaluate((one) => one === document.activeElement),
      'the focus goes to the other button',
    );
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.waitForTimeout(4_000);
    check(asked === 0, 'stopped, it asks nothing any more');
    await look(page, 'get-stopped');
    await page.keyboard.press('Enter');
    await page.waitForTimeout(500);
    check(asked > 0, 'by keyboard it can be asked again');
  });

  await withPage({ colorScheme: 'dark' }, async (page) => {
    const urls: string[] = [];
    await page.goto(`${origin}/chat`);
    page.on('request', (request) => urls.push(new URL(request.url()).pathname));
    const first = secondsIn(await left(page));
    await page.waitForTimeout(1_100);
    const second = secondsIn(await left(page));
    check(first >= 1 && (second < first || urls.length > 0), `the countdown counts: ${first}, then ${second}`);
    await look(page, 'get-dark');
    await page.waitForFunction(() => /Not yet/.test(document.getElementById('left')?.innerText ?? ''), undefined, {
      timeout: 15_000,
    });
    check(
      urls[0] === '/goodgate/health' && urls[1] === '/chat',
      `it asks health, then itself: ${urls.slice(0, 2).join(', ')}`,
    );
    await look(page, 'get-not-yet');
    isWell = true;
    await page.waitForSelector('h1:has-text("It works")', { timeout: 30_000 });
    check(true, 'it reloads by itself when the service is back');
    isWell = false;
  });

  await withPage({}, async (page) => {
    await page.goto(`${origin}/chat`);
    await page.context().setOffline(true);
    await page.waitForFunction(() => /Paused/.test(document.getElementById('left')?.innerText ?? ''), undefined, {
      timeout: 5_000,
    });
    check(true, 'offline it pauses');
    await look(page, 'get-paused');
    await page.context().setOffline(false);
    await page.waitForFunction(() => !/Paused/.test(document.getElementById('left')?.innerText ?? ''), undefined, {
      timeout: 5_000,
    });
    check(true, 'online it goes on');
  });

  await withPage({}, async (page) => {
    await page.goto(`${origin}/chat`);
    const hide = (isHidden: boolean) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      }, isHidden);
    await hide(true);
    await page.waitForFunction(() => /Paused/.test(document.getElementById('left')?.innerText ?? ''));
    let asked = 0;
    page.on('request', () => (asked += 1));
    await page.waitForTimeout(4_000);
    check(asked === 0, 'hidden it pauses and asks nothing');
    await hide(false);
    await page.waitForFunction(() => !/Paused/.test(document.getElementById('left')?.innerText ?? ''));
    check(true, 'seen again it goes on');
  });

  await withPage({}, async (page) => {
    await page.clock.install();
    await page.goto(`${origin}/chat`);
    for (let minutes = 0; minutes < 40 && !/Tried/.test(await left(page)); minutes += 1) {
      await page.clock.runFor(61_000);
      // The answers come in real time.
      await page.waitForTimeout(150);
    }
    check(/Tried 6 times/.test(await left(page)), 'after six tries it gives up and says so');
    check(!(await page.locator('#stop').isVisible()), 'then there is nothing left to stop');
    check(await saysByHand(page), 'and it no longer says that it tries by itself');
    await look(page, 'get-over');
  });

  await withPage({}, async (page) => {
    posts.length = 0;
    await page.setContent(
      `<form method="post" action="${origin}/send"><input name="text" value="hello"><button>Send</button></form>`,
    );
    let sent = 0;
    page.on('request', (request) => (sent += request.method() === 'POST' ? 1 : 0));
    await Promise.all([page.waitForNavigation(), page.click('button')]);
    const arrived = posts.length;
    await page.waitForTimeout(6_000);
    check(
      sent === 1 && posts.length === arrived && arrived === 1,
      `a POST is sent once: ${sent} by the browser, ${posts.length} to the service`,
    );
    check(
      (await page.locator('script, #retry, #again, form').count()) === 0,
      'after a POST nothing offers to repeat it',
    );
    await look(page, 'post');
  });

  await withPage({ javaScriptEnabled: false }, async (page) => {
    await page.goto(`${origin}/chat`);
    await page.screenshot({ path: join(folder, 'no-script.png'), fullPage: true });
    isWell = true;
    await page.click('#again');
    check((await page.locator('h1').innerText()) === 'It works', 'without scripts the link tries again');
    isWell = false;
  });

  for (const locale of ['de', 'fr', 'es', 'pt', 'ja', 'zh']) {
    await withPage({ locale }, async (page) => {
      await page.goto(`${origin}/chat`);
      check((await page.locator('html').getAttribute('lang')) === locale, `it speaks ${locale}`);
      await look(page, `language-${locale}`);
    });
  }

  await withPage({ viewport: { width: 360, height: 740 } }, async (page) => {
    await page.goto(`${origin}/chat`);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    check(overflow <= 0, 'a narrow screen needs no sideways scrolling');
    await look(page, 'get-narrow');
    await page.locator('footer a').first().click();
    await look(page, 'why-narrow');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    await withPage({ colorScheme }, async (page) => {
      await page.goto(`${origin}/chat`);
      await page.locator('#stop').click();
      await page.locator('footer a').first().click();
      check(/\/goodgate\/why\/[0-9a-f]{32}$/.test(page.url()), 'the page leads to its story');
      await look(page, `why-${colorScheme}`);
      await page.locator('a[href^="/goodgate/problems/"]').click();
      await look(page, `problem-${colorScheme}`);
      await page.locator('a[href="/goodgate/problems"]').click();
      await look(page, `problems-${colorScheme}`);
      await page.goto(`${origin}/goodgate/problems/conect-refused`);
      await look(page, `missing-${colorScheme}`);
    });
  }
} finally {
  await browser.close();
  await serving.stop();
  service.close();
}
console.log(`page: ${failures === 0 ? 'all is well' : `${failures} failed`}; pictures in .cache/page/`);
process.exit(failures === 0 ? 0 : 1);
