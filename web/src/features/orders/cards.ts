/** A means of payment that the mock bank knows, and what it does. */
export interface Card {
  readonly method: string;
  readonly does: string;
  readonly group: 'Goes through' | 'Declined' | 'Needs something' | 'Trouble at the bank';
}

/** The cards to try things out with. */
export const CARDS: readonly Card[] = [
  { method: 'pm_card_visa', does: 'Visa, goes through', group: 'Goes through' },
  { method: 'pm_card_mastercard', does: 'Mastercard, goes through', group: 'Goes through' },
  { method: 'pm_of_slow_3000', does: 'Goes through after 3 seconds', group: 'Goes through' },
  { method: 'pm_card_visa_chargeDeclined', does: 'Declined, no reason given', group: 'Declined' },
  {
    method: 'pm_card_visa_chargeDeclinedInsufficientFunds',
    does: 'Declined, insufficient funds',
    group: 'Declined',
  },
  { method: 'pm_card_visa_chargeDeclinedLostCard', does: 'Declined, lost card', group: 'Declined' },
  { method: 'pm_card_visa_chargeDeclinedStolenCard', does: 'Declined, stolen card', group: 'Declined' },
  { method: 'pm_card_chargeDeclinedExpiredCard', does: 'Declined, expired card', group: 'Declined' },
  { method: 'pm_card_chargeDeclinedIncorrectCvc', does: 'Declined, wrong CVC', group: 'Declined' },
  {
    method: 'pm_card_chargeDeclinedProcessingError',
    does: 'Declined for now, tried again',
    group: 'Declined',
  },
  { method: 'pm_card_radarBlock', does: 'Blocked by the bank as fraudulent', group: 'Declined' },
  {
    method: 'pm_card_authenticationRequired',
    does: 'The shopper must prove who they are',
    group: 'Needs something',
  },
  {
    method: 'pm_card_riskLevelElevated',
    does: 'Goes through, elevated risk at the bank',
    group: 'Needs something',
  },
  { method: 'pm_card_pendingRefund', does: 'Goes through; refunds stay pending', group: 'Needs something' },
  { method: 'pm_card_refundFail', does: 'Goes through; refunds fail later', group: 'Needs something' },
  { method: 'pm_of_503_3', does: 'Three times 503, then goes through', group: 'Trouble at the bank' },
  { method: 'pm_of_flaky_3', does: 'Fails three times, then goes through', group: 'Trouble at the bank' },
  {
    method: 'pm_of_timeout_before',
    does: 'No answer, and nothing was charged',
    group: 'Trouble at the bank',
  },
  { method: 'pm_of_timeout_after', does: 'Charged, and the answer is lost', group: 'Trouble at the bank' },
  {
    method: 'pm_of_reset_mid_response',
    does: 'The connection breaks in the answer',
    group: 'Trouble at the bank',
  },
  { method: 'pm_of_late_success', does: 'Succeeds long after', group: 'Trouble at the bank' },
  { method: 'pm_of_amount_mismatch', does: 'Charges another amount', group: 'Trouble at the bank' },
  { method: 'pm_of_duplicate_webhook', does: 'Notifies twice', group: 'Trouble at the bank' },
];
