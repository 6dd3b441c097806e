/** Seconds as people say them: `23 h 58 min`, `12 min`, `40 s`. */
export function duration(seconds: bigint): string {
  const hours = seconds / 3600n;
  const minutes = (seconds % 3600n) / 60n;
  if (hours > 0n) return `${hours} h ${minutes} min`;
  return minutes > 0n ? `${minutes} min` : `${seconds} s`;
}
