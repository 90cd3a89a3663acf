import { words } from '@/ui';

/** authorize, capture, void, refund_1: as people say it. */
export function operationWord(operation: string | null): string {
  if (operation === null) return 'call';
  if (operation.startsWith('refund_')) return 'refund';
  return { authorize: 'payment', capture: 'capture', void: 'release' }[operation] ?? operation;
}

export function isBack(operation: string | null): boolean {
  return operation !== null && (operation === 'void' || operation.startsWith('refund_'));
}

/** The words of `src/payment/bank.rs` for why there is no answer. */
const REASONS: Readonly<Record<string, string>> = {
  gateway_unavailable: 'the bank is down, calls are held back',
  connect_failed: 'no connection to the bank',
  lane_closed: 'the way to the bank is closed',
  rate_limited: 'the bank asked for patience',
  key_in_use: 'the bank is still at it',
  refused: 'the bank refused the request',
  timed_out: 'the bank did not answer in time',
  connection_lost: 'the connection broke',
  server_error: 'the bank answered that it failed',
  unreadable: 'the answer made no sense',
  key_conflict: 'the bank knows the key with another request',
  interrupted: 'the call was interrupted',
  processing: 'the bank is still deciding',
  not_found: 'the bank knows nothing of it',
  not_done: 'it has not happened at the bank',
  declined: 'declined for now',
};

export function reasonText(reason: string | null): string {
  if (reason === null) return 'no reason given';
  return REASONS[reason] ?? words(reason).toLowerCase();
}
