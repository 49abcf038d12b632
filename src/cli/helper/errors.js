/** Something to tell the user as it stands: its message holds no secret. */
export class HelperError extends Error {
  name = "HelperError";
}

/** What the service answered instead of a result. */
export class ServiceError extends HelperError {
  name = "ServiceError";

  /**
   * @param {string} code AWS's name for it, such as `UnrecognizedClientException`
   * @param {string} message
   */
  constructor(code, message) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}
