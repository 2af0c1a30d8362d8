import { type Forecast, forecast, trafficAt } from '../drill/paper/model.ts';
import { readSize, SAMPLE, type Size } from '../drill/paper/size.ts';
import { realWorld } from '../world/real.ts';

const WELL = 0;
const USAGE = 2;
/** Lines of the table of seconds. */
const ROWS = 12;

/** `goodgate plan`: what a size would do, worked out on paper. Returns the exit code. */
export async function planCommand(file: string | undefined, options: { json?: boolean }): Promise<number> {
  const world = realWorld();
  const filled = file === undefined ? ({ kind: 'value', value: SAMPLE } as const) : await readSize(world, file);
  if (filled.kind === 'faults') {
    for (const line of filled.lines) process.stderr.write(`goodgate plan: ${line}\n`);
    return USAGE;
  }
  const size = filled.value;
  const found = forecast(size);
  if (options.json === true) process.stdout.write(`${JSON.stringify({ size, forecast: found })}\n`);
  else process.stdout.write(`${lines(size, found, file === undefined).join('\n')}\n`);
  return WELL;
}

function lines(size: Size, found: Forecast, isSample: boolean): readonly string[] {
  const targets = size.services.reduce((sum, { count }) => sum + count, 0);
  const capacity = size.services.reduce(
    (sum, each) => sum + (each.count * each.concurrency * 1000) / each.serviceMs,
    0,
  );
  const peak = Math.max(
    ...Array.from({ length: Math.ceil(size.lastsMs / 1000) }, (_, at) => trafficAt(size, at * 1000)),
  );
  const share = (calls: number): string =>
    found.offered === 0 ? '0 %' : `${((calls / found.offered) * 100).toFixed(2)} %`;
  const step = Math.max(1, Math.floor(found.seconds.length / ROWS));
  const rows = found.seconds.filter((_, at) => at % step === 0);
  const [first] = found.gaveWay;
  return [
    ...(isSample ? ['No file was named: this is the sample of docs/plan.md.', ''] : []),
    `${size.replicas} replicas, ${targets} targets that can answer ${count(capacity)} calls/s together; traffic up to ${count(peak)} calls/s for ${(size.lastsMs / 1000).toFixed(0)} s.`,
    '',
    `answered         ${count(found.answered)} of ${count(found.offered)} calls (${share(found.answered)})`,
    `refused          ${share(found.refused)}, told when to come back`,
    `failed           ${share(found.failed)}`,
    `waiting          ${(found.waitMsMean / 1000).toFixed(2)} s on average, ${(found.waitMsMax / 1000).toFixed(2)} s at worst`,
    `amplification    ${found.amplification.toFixed(3)} attempts for each call, ${found.amplificationMax.toFixed(3)} in the worst ten seconds`,
    `gives way first  ${first === undefined ? 'nothing' : `${first.bound}, after ${first.atS.toFixed(1)} s`}`,
    ...found.gaveWay.slice(1).map(({ bound, atS }) => `      and then   ${bound}, after ${atS.toFixed(1)} s`),
    '',
    '     at    offered/s   answered/s    refused/s     failed/s    waiting',
    ...rows.map((each) =>
      [`${each.atS} s`, each.offered, each.answered, each.refused, each.failed, each.waiting]
        .map((cell, nth) =>
          (typeof cell === 'number' ? count(cell) : cell).padStart(nth === 0 ? 7 : nth === 5 ? 11 : 13),
        )
        .join(''),
    ),
  ];
}

function count(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}
