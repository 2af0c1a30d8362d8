import { ACCOUNT_CAUSES } from './causes/account.ts';
import { ANSWERING_CAUSES } from './causes/answering.ts';
import { BETWEEN_CAUSES } from './causes/between.ts';
import { BODY_CAUSES } from './causes/body.ts';
import { CALLER_CAUSES } from './causes/caller.ts';
import { CALLER_STANDING_CAUSES } from './causes/caller-standing.ts';
import { DEVICE_CAUSES } from './causes/device.ts';
import { EDGE_CAUSES } from './causes/edge.ts';
import { EDGE_ORIGIN_CAUSES } from './causes/edge-origin.ts';
import { ENCRYPTION_CAUSES } from './causes/encryption.ts';
import { GATEWAY_CAUSES } from './causes/gateway.ts';
import { GATEWAY_FAULT_CAUSES } from './causes/gateway-fault.ts';
import { INCONCLUSIVE_CAUSES } from './causes/inconclusive.ts';
import { NAMES_CAUSES } from './causes/names.ts';
import { NETWORK_CAUSES } from './causes/network.ts';
import { REACHING_CAUSES } from './causes/reaching.ts';
import { REQUEST_CAUSES } from './causes/request.ts';
import { SERVICE_CAUSES } from './causes/service.ts';
import { SUBSTITUTE_CAUSES } from './causes/substitute.ts';
import { WAY_BACK_CAUSES } from './causes/way-back.ts';

/** Every cause, by its code, in the order in which a call can meet them; then those that only the person's own device can see. */
export const CATALOGUE = {
  ...REACHING_CAUSES,
  ...ENCRYPTION_CAUSES,
  ...ANSWERING_CAUSES,
  ...BODY_CAUSES,
  ...SUBSTITUTE_CAUSES,
  ...SERVICE_CAUSES,
  ...ACCOUNT_CAUSES,
  ...REQUEST_CAUSES,
  ...CALLER_CAUSES,
  ...CALLER_STANDING_CAUSES,
  ...GATEWAY_CAUSES,
  ...GATEWAY_FAULT_CAUSES,
  ...DEVICE_CAUSES,
  ...NETWORK_CAUSES,
  ...WAY_BACK_CAUSES,
  ...NAMES_CAUSES,
  ...BETWEEN_CAUSES,
  ...EDGE_CAUSES,
  ...EDGE_ORIGIN_CAUSES,
  ...INCONCLUSIVE_CAUSES,
} as const;

/** The stable name of a cause. */
export type CauseCode = keyof typeof CATALOGUE;
