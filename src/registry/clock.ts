/** The one source of time. In production it follows the database's clock; tests move it by hand. */
export interface Clock {
  /** The present, to the millisecond. */
  now(): Date;
}
