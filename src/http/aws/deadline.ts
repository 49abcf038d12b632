import { AwsError } from "./aws-error.ts";

/** Milliseconds for a whole call, its body included unless that is content. */
export const CALL_MAX = 60_000;

/** Gives a call's work a total time. Work that comes too late goes on unheard. @throws AwsError ServiceUnavailable */
export async function withinDeadline<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `The request was not done within ${Math.round(milliseconds / 1000)} seconds; try again`;
      reject(new AwsError("ServiceUnavailable", message));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
