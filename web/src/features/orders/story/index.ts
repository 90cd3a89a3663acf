/*
 * What an order's events tell: pure, from the events alone, so that it is the same live, later and in tests.
 */
export { bankCalls } from './calls';
export type { BankCall } from './calls';
export { depths, hasForeignTrace } from './causes';
export { moneyLedger } from './money';
export type { MoneyLedger } from './money';
export { stockLedger, stockWord } from './stock';
export type { StockEntry } from './stock';
export { KNOWN_KINDS, tell } from './tell';
export type { Moment } from './tell';
