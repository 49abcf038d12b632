/** The regions that a node serves, by name; `*` among them stands for any that AWS could have. */
export type ServedRegions = readonly string[];

const NAME_MAX = 32;

/** Whether a text has the form of the names of AWS's regions: `eu-central-1`, `us-gov-west-1`. */
export function isRegionName(text: string): boolean {
  return text.length <= NAME_MAX && /^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/.test(text);
}

/** Whether a node that serves `regions` answers for `region`. */
export function servesRegion(regions: ServedRegions, region: string): boolean {
  return regions.includes(region) || (regions.includes("*") && isRegionName(region));
}
