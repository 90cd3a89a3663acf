type Group = 'Goes through' | 'Declined' | 'Needs something' | 'Trouble at the bank';

/** A means of payment that the mock bank knows, and what it does. */
export interface Card {
  readonly method: string;
  readonly does: string;
  readonly group: Group;
}

const DOES: Readonly<Record<Group, Readonly<Record<string, string>>>> = {
  'Goes through': {
    pm_card_visa: 'Visa, goes through',
    pm_card_mastercard: 'Mastercard, goes through',
    pm_of_slow_3000: 'Goes through after 3 seconds',
  },
  Declined: {
    pm_card_visa_chargeDeclined: 'Declined, no reason given',
    pm_card_visa_chargeDeclinedInsufficientFunds: 'Declined, insufficient funds',
    pm_card_visa_chargeDeclinedLostCard: 'Declined, lost card',
    pm_card_visa_chargeDeclinedStolenCard: 'Declined, stolen card',
    pm_card_chargeDeclinedExpiredCard: 'Declined, expired card',
    pm_card_chargeDeclinedIncorrectCvc: 'Declined, wrong CVC',
    pm_card_chargeDeclinedProcessingError: 'Declined for now, tried again',
    pm_card_radarBlock: 'Blocked by the bank as fraudulent',
  },
  'Needs something': {
    pm_card_authenticationRequired: 'The shopper must prove who they are',
    pm_card_riskLevelElevated: 'Goes through, elevated risk at the bank',
    pm_card_pendingRefund: 'Goes through; refunds stay pending',
    pm_card_refundFail: 'Goes through; refunds fail later',
  },
  'Trouble at the bank': {
    pm_of_503_3: 'Three times 503, then goes through',
    pm_of_flaky_3: 'Fails three times, then goes through',
    pm_of_timeout_before: 'No answer, and nothing was charged',
    pm_of_timeout_after: 'Charged, and the answer is lost',
    pm_of_reset_mid_response: 'The connection breaks in the answer',
    pm_of_late_success: 'Succeeds long after',
    pm_of_amount_mismatch: 'Charges another amount',
    pm_of_duplicate_webhook: 'Notifies twice',
  },
};

/** The cards to try things out with. */
export const CARDS: readonly Card[] = Object.entries(DOES).flatMap(([group, cards]) =>
  Object.entries(cards).map(([method, does]) => ({ method, does, group: group as Group })),
);
