/** A QR code of a text, as PNG. The library is loaded with the first one: most processes never draw any. */
export async function qrCodePng(text: string): Promise<Buffer> {
  const { toBuffer } = await import("qrcode");
  return toBuffer(text, { type: "png", errorCorrectionLevel: "M" });
}
