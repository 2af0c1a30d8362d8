import type { SeatView } from '../call/control.ts';
import type { World } from '../world/world.ts';
import { rawExchange } from './raw-client.ts';

/** The targets as the admin port tells them. */
export async function seatsAt(
  world: World,
  admin: { readonly ip: string; readonly port: number },
): Promise<readonly SeatView[] | undefined> {
  const request = 'GET /targets HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n';
  const { text } = await rawExchange(world, admin, request);
  try {
    const seats: unknown = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
    return Array.isArray(seats) ? seats : undefined;
  } catch {
    return undefined;
  }
}
