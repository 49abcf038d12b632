import { characterLength, type GlobUnits, ONE } from "./glob-units.ts";
import type { Steps } from "./steps.ts";

/**
 * The end of the first place between `from` and `to` where a segment fits; -1 where it fits nowhere.
 * @throws StepsExceededError
 */
export type SegmentSearch = (text: string, from: number, to: number, steps: Steps) => number;

/** How a segment, which has no `*`, is looked for. */
export function searchFor(segment: GlobUnits): SegmentSearch {
  return segment.includes(ONE) ? atEachPlace(segment) : withoutGoingBack(segment);
}

/** Knuth, Morris and Pratt: no character of the text is looked at more than twice, whatever the segment repeats. */
function withoutGoingBack(segment: GlobUnits): SegmentSearch {
  const resume = resumptions(segment);
  return (text, from, to, steps) => {
    let matched = 0;
    for (let at = from; at < to; at++) {
      const unit = text.charCodeAt(at);
      while (matched > 0 && segment[matched] !== unit) matched = resume[matched - 1] ?? 0;
      if (segment[matched] === unit) matched++;
      if (matched === segment.length) {
        steps.take(at + 1 - from);
        return at + 1;
      }
    }
    steps.take(Math.max(to - from, 0));
    return -1;
  };
}

/** For each beginning of a segment the length of its longest proper end that begins the segment as well. */
function resumptions(segment: GlobUnits): readonly number[] {
  const resume = [0];
  let length = 0;
  for (let at = 1; at < segment.length; at++) {
    while (length > 0 && segment[length] !== segment[at]) length = resume[length - 1] ?? 0;
    if (segment[length] === segment[at]) length++;
    resume.push(length);
  }
  return resume;
}

/** `?` fits everything, so what was seen says little about what comes: each place is tried, and counted. */
function atEachPlace(segment: GlobUnits): SegmentSearch {
  return (text, from, to, steps) => {
    for (let start = from; start < to; start += characterLength(text, start)) {
      const end = fitAt(segment, text, start, to, steps);
      if (end >= 0) return end;
    }
    return -1;
  };
}

/** Where a segment that begins at `start` ends; -1 where it does not fit there. */
export function fitAt(segment: GlobUnits, text: string, start: number, to: number, steps: Steps): number {
  let at = start;
  let token = 0;
  while (token < segment.length && at < to) {
    const wanted = segment[token];
    if (wanted !== ONE && wanted !== text.charCodeAt(at)) break;
    at += wanted === ONE ? characterLength(text, at) : 1;
    token++;
  }
  steps.take(token + 1);
  return token === segment.length ? at : -1;
}

/** Where a segment that ends at the end of the text begins; -1 where it does not fit there. */
export function fitAtEnd(segment: GlobUnits, text: string, from: number, steps: Steps): number {
  let at = text.length;
  let token = segment.length;
  while (token > 0 && at > from) {
    const wanted = segment[token - 1];
    if (wanted !== ONE && wanted !== text.charCodeAt(at - 1)) break;
    at -= wanted === ONE && at >= from + 2 ? characterLength(text, at - 2) : 1;
    token--;
  }
  steps.take(segment.length - token + 1);
  return token === 0 ? at : -1;
}
