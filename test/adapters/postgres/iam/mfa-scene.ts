import { Secret, TOTP } from "otpauth";
import { ACCOUNT, type IamServer, type Keys, type Parameters, type XmlAnswer } from "./iam-server.ts";

const STEP = 30_000;

/** An authenticator app that holds one seed. Its clock is that of the server, unless a test says how far it is off. */
export interface Authenticator {
  readonly serialNumber: string;
  readonly seed: string;
  /** The code of now, or of so many steps later. */
  code(steps?: number): string;
}

export interface MfaScene {
  /** A device of nobody. */
  makeDevice(name: string, keys?: Keys): Promise<Authenticator>;
  enable(user: string, device: Authenticator, keys?: Keys): Promise<XmlAnswer>;
  /** A device of that user, whose codes of now and later count. */
  giveDevice(user: string, name: string): Promise<Authenticator>;
  /** GetSessionToken or AssumeRole with a code. */
  prove(
    action: string,
    device: { serialNumber: string },
    code: string,
    keys: Keys,
    more?: Parameters,
  ): Promise<XmlAnswer>;
}

export function mfaScene(server: IamServer): MfaScene {
  const scene: MfaScene = {
    async makeDevice(name, keys) {
      const made = await server.call("iam", "CreateVirtualMFADevice", { VirtualMFADeviceName: name }, keys);
      const seed = Buffer.from(made.one("Base32StringSeed"), "base64").toString();
      const totp = new TOTP({ secret: Secret.fromBase32(seed) });
      return {
        ...{ serialNumber: made.one("SerialNumber"), seed },
        code: (steps = 0) => totp.generate({ timestamp: server.clock.now().getTime() + steps * STEP }),
      };
    },
    enable: (user, device, keys) =>
      server.call("iam", "EnableMFADevice", pair(user, device, device.code(-1), device.code()), keys),
    async giveDevice(user, name) {
      const device = await scene.makeDevice(name);
      await scene.enable(user, device);
      server.clock.advance(STEP);
      return device;
    },
    prove: (action, { serialNumber }, code, keys, more = {}) =>
      server.call("sts", action, { SerialNumber: serialNumber, TokenCode: code, ...more }, keys),
  };
  return scene;
}

/** Parameters of the operations that take two codes. */
export function pair(
  user: string,
  { serialNumber }: { serialNumber: string },
  first: string,
  second: string,
): Parameters {
  return {
    UserName: user,
    SerialNumber: serialNumber,
    AuthenticationCode1: first,
    AuthenticationCode2: second,
  };
}

export function deviceArn(name: string): string {
  return `arn:aws:iam::${ACCOUNT}:mfa/${name}`;
}
