/** Events of changes, as the transactions that made them wrote them; see `outbox` in the migrations. */
export interface Outbox {
  /**
   * Forgets at most `limit` of the oldest that were written before `before`, unless a webhook has not come to them yet and
   * they were not written before `untoldBefore` either; returns how many.
   */
  trim(before: Date, untoldBefore: Date, limit: number): Promise<number>;
  /** Mends the order of events after their database was restored into another server; see `renumber_outbox`. */
  renumber(): Promise<void>;
}
