/** Lets as many bytes in as fit, in the order they came. Whatever is larger than all goes alone. */
export function byteBudget(total: number): { take(bytes: number): Promise<() => void> } {
  let taken = 0;
  const waiting: { readonly bytes: number; readonly start: () => void }[] = [];

  const admit = () => {
    for (let next = waiting[0]; next !== undefined && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      taken += next.bytes;
      next.start();
    }
  };
  const fits = (bytes: number) => taken === 0 || taken + bytes <= total;

  return {
    async take(bytes) {
      await new Promise<void>((start) => {
        waiting.push({ bytes, start });
        admit();
      });
      let released = false;
      return () => {
        if (released) return;
        released = true;
        taken -= bytes;
        admit();
      };
    },
  };
}
