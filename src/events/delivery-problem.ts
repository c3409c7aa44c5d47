/** What may go wrong with a delivery; all that is kept of an answer besides its status. */
export const DELIVERY_PROBLEMS = [
  'status',
  'redirected',
  'gone',
  'timeout',
  'address_refused',
  'name_unknown',
  'connection_failed',
  'tls_failed',
  'secret_unreadable',
] as const;

/** One of {@link DELIVERY_PROBLEMS}. */
export type DeliveryProblem = (typeof DELIVERY_PROBLEMS)[number];
